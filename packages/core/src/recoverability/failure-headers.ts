import { BusbarError } from '../errors.ts';
import { safeText } from '../safe-text.ts';
import { type Headers, type MutableHeaders, headerNames } from '../headers.ts';

/** What an error copy says of the failure. */
export interface FailureDetails {
  readonly error: Error;
  readonly queue: string;
  readonly endpoint: string;
  readonly host: string;
  /** Wall-clock milliseconds. */
  readonly failedAt: number;
  /** All attempts, delayed rounds included, as far as they are known. */
  readonly attempts: number;
}

const longestMessage = 4_096;
const longestStack = 16_384;
const longestName = 256;

/** Least important first: what goes when the broker takes no more. */
const droppedInOrder = [
  headerNames.failureStack,
  headerNames.failureMessage,
  headerNames.processingHost,
  headerNames.failureType,
] as const;

/**
 * The headers of an error copy: the received ones, unchanged, with the failure beside them. The time to be received is
 * dropped, since an expired failure would vanish; the retry count is dropped, so that a replay starts afresh.
 *
 * @param maxBytes What the transport takes for all headers; details are cut, then dropped, until it fits.
 */
export function failureHeaders(
  received: Headers,
  details: FailureDetails,
  maxBytes: number,
): MutableHeaders {
  const { error } = details;
  const headers: MutableHeaders = { ...received };
  delete headers[headerNames.expiresAt];
  delete headers[headerNames.delayedAttempts];
  delete headers[headerNames.deliverAt];
  headers[headerNames.copy] = nextCopy(received);
  headers[headerNames.failedQueue] = details.queue;
  headers[headerNames.failedAt] = new Date(details.failedAt).toISOString();
  headers[headerNames.failureType] = cut(
    safeText(() => error.name, 'Error'),
    longestName,
  );
  headers[headerNames.failureMessage] = cut(
    safeText(() => error.message, ''),
    longestMessage,
  );
  headers[headerNames.failureStack] = cut(stackOf(error), longestStack);
  headers[headerNames.failureAttempts] = String(details.attempts);
  headers[headerNames.processingEndpoint] = details.endpoint;
  headers[headerNames.processingHost] = details.host;
  if (error instanceof BusbarError) headers[headerNames.failureCode] = error.code;
  return fit(headers, maxBytes);
}

/** The ordinal of the next copy of a message under the same logical id. */
export function nextCopy(received: Headers): string {
  const current = Number.parseInt(received[headerNames.copy] ?? '0', 10);
  return String(Number.isSafeInteger(current) && current >= 0 ? current + 1 : 1);
}

/** Bytes of UTF-8 of all names and values. */
export function headerBytes(headers: Headers): number {
  let bytes = 0;
  for (const name of Object.keys(headers)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(headers[name] ?? '');
  }
  return bytes;
}

/** A bound that {@link headerBytes} never exceeds, at a twentieth of its price: a UTF-16 unit is at most three bytes. */
export function mostHeaderBytes(headers: Headers): number {
  let units = 0;
  for (const name in headers) units += name.length + (headers[name] ?? '').length;
  return 3 * units;
}

function fit(headers: MutableHeaders, maxBytes: number): MutableHeaders {
  let excess = headerBytes(headers) - maxBytes;
  // Senders of ours leave room for all but the longest stack. Where giving up every detail is not enough the message is
  // foreign, and why it failed says more than a header that no copy of it can carry.
  if (excess > detailBytes(headers)) excess = dropLargest(headers, excess);
  for (const name of droppedInOrder) {
    if (excess <= 0) return headers;
    const value = headers[name];
    if (value === undefined) continue;
    const size = Buffer.byteLength(value);
    if (size > excess + 64) {
      // Bytes are at least characters, so cutting this many bytes off the text is always enough.
      headers[name] = cutToBytes(value, size - excess);
      return headers;
    }
    delete headers[name];
    excess -= size + Buffer.byteLength(name);
  }
  return headers;
}

function detailBytes(headers: Headers): number {
  return droppedInOrder.reduce((sum, name) => sum + sizeOf(name, headers[name]), 0);
}

function sizeOf(name: string, value: string | undefined): number {
  return value === undefined ? 0 : Buffer.byteLength(name) + Buffer.byteLength(value);
}

/** Drops headers that are not the framework's, the largest first, until enough is gone. Returns what is still too much. */
function dropLargest(headers: MutableHeaders, excess: number): number {
  const foreign = Object.entries(headers)
    .filter(([name]) => !name.startsWith('busbar-'))
    .map(([name, value]) => ({ name, bytes: sizeOf(name, value) }))
    .sort((a, b) => b.bytes - a.bytes);
  let left = excess;
  for (const { name, bytes } of foreign) {
    if (left <= 0) break;
    delete headers[name];
    left -= bytes;
  }
  return left;
}

/** What senders keep free, so that the headers of a delayed or error copy fit beside their own. */
export function headerReserve(maxHeaderBytes: number): number {
  return Math.min(largestReserve, Math.floor(maxHeaderBytes / 4));
}

const largestReserve = 32_768;

/** Causes further down are left out: they seldom help, and a cause may point back at its effect. */
const deepestCause = 4;

function stackOf(error: Error, depth = 0): string {
  const own = safeText(
    () => error.stack,
    safeText(() => error.message, ''),
  );
  const cause = causeOf(error);
  if (cause === undefined || depth === deepestCause) return own;
  return `${own}\nCaused by: ${stackOf(cause, depth + 1)}`;
}

function causeOf(error: Error): Error | undefined {
  try {
    return error.cause instanceof Error ? error.cause : undefined;
  } catch {
    return undefined;
  }
}

function cut(text: string, length: number): string {
  // A lone surrogate half is refused by some brokers.
  return text.length <= length ? text.toWellFormed() : text.slice(0, length).toWellFormed();
}

function cutToBytes(text: string, bytes: number): string {
  return Buffer.from(text)
    .subarray(0, bytes)
    .toString('utf8')
    .replace(/\uFFFD+$/u, '');
}
