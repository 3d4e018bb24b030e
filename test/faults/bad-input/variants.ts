import {
  type EndpointOptions,
  type RecoverabilityOptions,
  fixed,
  memoryPersistence,
  memoryStore,
} from '@busbar/core';
import { noRetries } from '@busbar/testing';

/** A configuration that all cases run through. */
export interface Variant {
  readonly name: string;
  /** The bodies in the claim store; undefined where the endpoint has none. */
  readonly claims: ReadonlyMap<string, Uint8Array> | undefined;
  /** Whether a case keeps its place among the others: it does not while some wait for their retries. */
  readonly inOrder: boolean;
  options(): Promise<Partial<EndpointOptions>>;
}

export const storedClaim = 'stored-1';

const claims = new Map([
  [storedClaim, new TextEncoder().encode('{"id":"from the store","amount":1}')],
]);

async function withClaims(
  recoverability: RecoverabilityOptions,
): Promise<Partial<EndpointOptions>> {
  const store = memoryStore();
  for (const [claim, body] of claims) await store.put(claim, body, undefined);
  return {
    claimCheck: { store },
    persistence: memoryPersistence(),
    outbox: true,
    recoverability,
  };
}

export const bare: Variant = {
  name: 'without claim check and outbox',
  claims: undefined,
  inOrder: true,
  options: async () => ({ recoverability: noRetries }),
};

export const furnished: Variant = {
  name: 'with claim check and outbox',
  claims,
  inOrder: true,
  options: () => withClaims(noRetries),
};

export const retrying: Variant = {
  name: 'with retries',
  claims,
  inOrder: false,
  options: () => withClaims({ immediate: 1, delayed: fixed({ attempts: 1, delay: 1 }) }),
};
