import type { TransportCapabilities } from '@busbar/core';

const tenYearsMs = 3_650 * 24 * 60 * 60 * 1_000;
const mebibyte = 1_024 * 1_024;

/** What the SQLite transport can do. */
export const sqliteCapabilities: TransportCapabilities = Object.freeze<TransportCapabilities>({
  maxDelayMs: tenYearsMs,
  delayResolutionMs: 1,
  // A body is read and written in one piece, in the event loop's time; the claim check is made for larger ones.
  maxBodyBytes: 64 * mebibyte,
  maxHeaderBytes: mebibyte,
  ordering: 'key',
  transactionModes: ['receive-only', 'sends-atomic-with-receive'],
  deliveryCount: true,
  nativeDeadLetter: false,
  deliveryDeadlineMs: undefined,
  renewal: true,
  // Expired messages are left to the core, which counts and logs them.
  nativeExpiry: false,
  competingConsumers: 'machine',
  durable: true,
  embedded: true,
});
