import type { Transport } from '@busbar/core';
import type { Arbitrary } from 'fast-check';
import type { InputCase } from './input-case.ts';

/** A case with the headers that it is tracked by, ready to be written. */
export type TrackedCase = InputCase;

/** A broker into which bad input is put: one for each variant, so that nothing of another is in it. */
export interface BadInputBroker {
  readonly transport: Transport;
  /**
   * Writes the cases into the queue, in order, past everything that a client library would refuse. Gives the broker's
   * own ids, where it tells them.
   */
  put(queue: string, cases: readonly TrackedCase[]): Promise<readonly (string | undefined)[]>;
  /** Where the broker itself puts what it takes out of queues, when somebody wrote a time to live on it. */
  readonly deadLetters?: string;
  close(): Promise<void>;
}

/** A transport, and what can be done to it. */
export interface BadInputTarget {
  readonly name: string;
  /** Whether messages are handled in the order in which they were put, near enough. */
  readonly keepsOrder: boolean;
  readonly cases: Arbitrary<InputCase>;
  open(): Promise<BadInputBroker>;
}
