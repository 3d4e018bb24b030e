import type { TransportCapabilities } from '@busbar/core';
import { snsBytes, sqsBytes } from './message/limits.ts';

const day = 24 * 60 * 60 * 1_000;

/** What names and values of headers may take together. */
const maxHeaderBytes = 32 * 1_024;

/** What is kept free of the body: headers, what writing them adds, and what the transport notes itself. */
const reserve = inBase64(maxHeaderBytes) + 16 * 1_024;

/** A body that is no text is an attribute, of which some count the bytes and others the base64 on the wire. */
export const maxBodyBytes = bytesInBase64(sqsBytes - reserve);

/** The same for events. */
export const maxEventBodyBytes = bytesInBase64(snsBytes - reserve);

function inBase64(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

/** A round number of them. */
function bytesInBase64(characters: number): number {
  const step = 8 * 1_024;
  return Math.floor(((characters / 4) * 3) / step) * step;
}

/** What the SQS transport can do. */
export const sqsCapabilities: TransportCapabilities = Object.freeze<TransportCapabilities>({
  // Longer than SQS keeps a message: delays beyond 15 minutes are carried on by the receiver of the queue.
  maxDelayMs: 366 * day,
  delayResolutionMs: 1_000,
  maxBodyBytes,
  maxEventBodyBytes,
  maxHeaderBytes,
  ordering: 'key',
  // A FIFO queue cannot subscribe to a standard topic.
  orderedEventsOnly: true,
  transactionModes: ['receive-only'],
  deliveryCount: true,
  nativeDeadLetter: true,
  deliveryDeadlineMs: undefined,
  renewal: true,
  nativeExpiry: false,
  competingConsumers: 'network',
  durable: true,
  embedded: false,
});
