import type { Message } from '@aws-sdk/client-sqs';
import { type ClaimStore, type Headers, headerNames } from '@busbar/core';
import { sqsBytes } from '../message/limits.ts';
import { type WireMessage, attributeNames, copyOf, toWire } from '../message/wire-message.ts';
import { companions } from '../topology/names.ts';

/** Least important first: what an error copy does without where there is no room. */
const details = [
  headerNames.failureStack,
  headerNames.failureMessage,
  headerNames.processingHost,
  headerNames.processingStarted,
  headerNames.processingEnded,
] as const;

/** Whether it is the copy of a message that failed: it must get to the error queue whatever its size. */
export function isErrorCopy(headers: Headers): boolean {
  return headers[headerNames.failedQueue] !== undefined;
}

/** What the forms of an error copy are made of. */
export interface ErrorCopy {
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** All of it. */
  readonly wire: WireMessage;
  /** As what it was received, where that is known. */
  readonly original: Message | undefined;
}

/** One form of an error copy. */
export interface Form {
  readonly how: 'whole' | 'shortened' | 'claimed' | 'bare';
  readonly wire: WireMessage;
  /** Where it goes instead of the error queue. */
  readonly queue?: string;
}

/**
 * The forms in which an error copy may go, each smaller than the one before: whole; without details; with its body in
 * the claim store; and at last the message as it was received, to the dead-letter queue of the queue that it failed in.
 * Who asks for the next one says that the one before was refused, so there is an end to it.
 */
export async function* formsOf(
  copy: ErrorCopy,
  store: ClaimStore | undefined,
): AsyncGenerator<Form> {
  const { headers, body, wire } = copy;
  const least = { ...headers };
  for (const name of details) delete least[name];
  if (fits(wire)) yield { how: 'whole', wire };
  else yield* firstThatFits(headers, body);
  // Refused though it would fit: this queue takes less than others.
  const shortest = toWire(least, body);
  if (fits(shortest)) yield { how: 'shortened', wire: shortest };
  if (store !== undefined) yield* claimed(headers, least, body, store);
  yield* bare(copy);
}

function fits({ bytes }: WireMessage): boolean {
  return bytes <= sqsBytes;
}

function* firstThatFits(headers: Headers, body: Uint8Array): Generator<Form> {
  const left: Record<string, string> = { ...headers };
  for (const name of details.slice(0, -1)) {
    delete left[name];
    const wire = toWire(left, body);
    if (!fits(wire)) continue;
    yield { how: 'shortened', wire };
    return;
  }
}

/** Nothing is stored for headers that are too large by themselves. */
async function* claimed(
  headers: Headers,
  least: Headers,
  body: Uint8Array,
  store: ClaimStore,
): AsyncGenerator<Form> {
  const claim = crypto.randomUUID();
  const wires = [headers, least].map((some) =>
    toWire({ ...some, [headerNames.claim]: claim }, new Uint8Array()),
  );
  const wire = wires.find(fits);
  if (wire === undefined) return;
  await store.put(claim, body);
  yield { how: 'claimed', wire };
}

function* bare({ headers, body, original }: ErrorCopy): Generator<Form> {
  const queue = `${headers[headerNames.failedQueue] ?? ''}${companions.dead}`;
  if (original !== undefined) {
    const fresh = {
      [attributeNames.guard]: undefined,
      [attributeNames.due]: undefined,
      [attributeNames.via]: undefined,
    };
    yield { how: 'bare', wire: copyOf(original, fresh), queue };
    return;
  }
  const { body: text, attributes } = toWire({}, body);
  const wire = { body: text, attributes: {}, bytes: body.byteLength };
  if (attributes[attributeNames.body] === undefined && fits(wire)) {
    yield { how: 'bare', wire, queue };
  }
}
