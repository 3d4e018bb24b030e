import type { MutableHeaders } from '../headers.ts';

/** Headers and bytes, for a mutator that works on what is on the wire. */
export interface MutableBytes {
  readonly headers: MutableHeaders;
  body: Uint8Array;
}

/** The message, for a mutator that works on the object. */
export interface MutableMessage {
  readonly headers: MutableHeaders;
  message: object;
}

/**
 * Changes messages as they pass, in the simplest way; what needs to run around something is a behaviour. Every member
 * is optional. Incoming changes belong to one attempt: retries and copies start from what was received.
 */
export interface MessageMutator {
  /** Before the body is deserialized, claims fetched. */
  incomingBytes?(incoming: MutableBytes): void | Promise<void>;
  /** After the message was deserialized and validated. */
  incoming?(incoming: MutableMessage): void | Promise<void>;
  /** Before the message is validated and serialized. */
  outgoing?(outgoing: MutableMessage): void | Promise<void>;
  /** After it was serialized, before a claim is checked in. */
  outgoingBytes?(outgoing: MutableBytes): void | Promise<void>;
}
