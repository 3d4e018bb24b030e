import type { Delivery, Transport } from '@busbar/core';

/** One isolated broker, or one isolated corner of a shared one, made for a single test. */
export interface TransportHarness {
  /** Connected several times by most tests; all connections reach the same queues. */
  readonly transport: Transport;
  /** Makes a queue or topic name unique where corners are not isolated. @default the label and eight random letters */
  name?(label: string): string;
  /** Puts a message into the queue that the transport cannot decode, past the transport. */
  injectPoison?(queue: string): Promise<void>;
  /** Deletes a queue past the transport, as an operator would. */
  removeQueue?(queue: string): Promise<void>;
  /** Takes the hold of a running delivery away, as an expired lock would; the message becomes available again. */
  loseHold?(delivery: Delivery): Promise<void>;
  /** How another process reaches the same queues, for the tests that kill one. */
  readonly child?: ChildTransport;
  /** Ends everything; called when the connections are closed, also after a failed test. */
  close?(): Promise<void>;
}

/** A module that makes the transport in another process. */
export interface ChildTransport {
  /** The URL of a module that exports `childTransport(argument): Transport | Promise<Transport>`. */
  readonly module: string;
  /** Handed to `childTransport`; anything that JSON can carry. */
  readonly argument: unknown;
}

/** The parts of a {@link TransportHarness} that a transport may be unable to offer. */
export type HarnessHook = 'injectPoison' | 'removeQueue' | 'loseHold' | 'child';
