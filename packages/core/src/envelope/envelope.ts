import type { Headers } from '../headers.ts';

/** Headers and body as they are on the wire, with the broker's own properties. */
export interface WireMessage {
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly native?: unknown;
}

/** Headers by Busbar's names, and the body of the message itself. */
export interface UnwrappedMessage {
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/**
 * How a message looks on the wire. Several may be read, chosen per message in the order given; one is written. Nothing
 * outside an envelope may assume a wire name.
 */
export interface Envelope {
  readonly name: string;
  /** Whether this envelope can read the message. Must be cheap and must not throw. */
  reads(wire: WireMessage): boolean;
  /** @throws BusbarError UNDECODABLE when the message is of this envelope but broken. */
  unwrap(wire: WireMessage): UnwrappedMessage;
  wrap(message: UnwrappedMessage): UnwrappedMessage;
}

/** Busbar's own: headers are headers and the body is the body. Reads whatever no other envelope claims. */
export const nativeEnvelope: Envelope = {
  name: 'busbar',
  reads: () => true,
  unwrap: (wire) => wire,
  wrap: (message) => message,
};
