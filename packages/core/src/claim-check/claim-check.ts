import { BusbarError } from '../errors.ts';
import { type Headers, headerNames } from '../headers.ts';
import { type Duration, toMilliseconds } from '../time/duration.ts';
import type { TransportCapabilities } from '../transport/capabilities.ts';
import type { OutgoingMessage } from '../transport/operations.ts';
import { checkClaimName } from './claim-name.ts';
import type { ClaimStore } from './claim-store.ts';

/** Lets large bodies travel outside the message: the body is stored, and the message carries the claim to it. */
export interface ClaimCheckConfig {
  /** Senders and receivers need the same store. */
  readonly store: ClaimStore;
  /**
   * Bodies with more bytes are stored. Lower it where small messages keep the broker fast; a value above what the
   * transport takes counts as what it takes.
   *
   * @default the `maxBodyBytes` of the transport
   */
  readonly thresholdBytes?: number;
  /**
   * How long a stored body is kept after the message is due, or after its time to be received. Longer than the longest
   * stay in the error queue, or a message that is replayed from there finds no body.
   *
   * @default for ever
   */
  readonly keepFor?: Duration;
}

/** A checked {@link ClaimCheckConfig}. */
export interface ClaimCheckSettings {
  readonly store: ClaimStore;
  readonly thresholdBytes: number;
  /** The same for published events, where it is less. */
  readonly eventThresholdBytes?: number;
  readonly keepForMs: number | undefined;
}

const emptyBody = new Uint8Array(0);

/** @throws BusbarError INVALID_CONFIGURATION, INVALID_DURATION */
export function claimCheckSettings(
  config: ClaimCheckConfig,
  {
    maxBodyBytes,
    maxEventBodyBytes,
  }: Pick<TransportCapabilities, 'maxBodyBytes' | 'maxEventBodyBytes'>,
): ClaimCheckSettings {
  const { store, thresholdBytes, keepFor } = config;
  if (typeof store?.put !== 'function' || typeof store.get !== 'function') {
    throw new BusbarError('INVALID_CONFIGURATION', '`claimCheck.store` is no claim store.', {
      help: "Write `claimCheck: { store: directoryStore('…') }`, or an object with `put` and `get`.",
      details: { setting: 'claimCheck.store' },
    });
  }
  if (thresholdBytes !== undefined && !(Number.isInteger(thresholdBytes) && thresholdBytes >= 0)) {
    throw new BusbarError(
      'INVALID_CONFIGURATION',
      `\`claimCheck.thresholdBytes\` is ${String(thresholdBytes)}; it is a whole number of bytes from 0.`,
      { details: { setting: 'claimCheck.thresholdBytes', value: thresholdBytes } },
    );
  }
  const wanted = thresholdBytes ?? Number.POSITIVE_INFINITY;
  return {
    store,
    thresholdBytes: Math.min(wanted, maxBodyBytes),
    eventThresholdBytes: Math.min(wanted, maxEventBodyBytes ?? maxBodyBytes),
    keepForMs: keepFor === undefined ? undefined : toMilliseconds(keepFor, 'claimCheck.keepFor'),
  };
}

/**
 * Stores a body that is too large and gives back the message that travels instead; a small message comes back as it
 * is, at once. The body is durable before the promise resolves, so no receiver sees a claim without one. A message
 * that is not sent in the end leaves its stored body behind, until `keepFor` is over.
 *
 * @param now Wall-clock milliseconds.
 * @param isEvent It is published, and transports may take less then.
 */
export function checkIn(
  settings: ClaimCheckSettings,
  message: OutgoingMessage,
  now: number,
  isEvent = false,
): OutgoingMessage | Promise<OutgoingMessage> {
  const { thresholdBytes, eventThresholdBytes = thresholdBytes } = settings;
  if (message.body.byteLength <= (isEvent ? eventThresholdBytes : thresholdBytes)) return message;
  return putAway(settings, message, now);
}

async function putAway(
  { store, keepForMs }: ClaimCheckSettings,
  { headers, body }: OutgoingMessage,
  now: number,
): Promise<OutgoingMessage> {
  const claim = crypto.randomUUID();
  const until = keepForMs === undefined ? undefined : lastUse(headers, now) + keepForMs;
  await store.put(claim, body, until);
  return { headers: { ...headers, [headerNames.claim]: claim }, body: emptyBody };
}

/**
 * When the message is received at the latest, where that is known. A message that fails in time waits in the error
 * queue without a limit, so the stored body outlives its time to be received by `keepFor` too.
 */
function lastUse(headers: Headers, now: number): number {
  const times = [headers[headerNames.deliverAt], headers[headerNames.expiresAt]]
    .map((time) => Date.parse(time ?? ''))
    .filter((time) => !Number.isNaN(time));
  return Math.max(now, ...times);
}

/**
 * The body of a received message: its own, at once, or the stored one.
 *
 * A claim that is not found is an ordinary failure with all its retries, because a share that is not mounted or a
 * replica that lags looks the same and mends itself. A message whose claim is no name, or that came without a store
 * being configured here, is not helped by them: UNDECODABLE and MISSING_CLAIM_CHECK.
 *
 * @throws BusbarError MISSING_CLAIM_CHECK, UNDECODABLE, CLAIM_NOT_FOUND
 */
export function checkOut(
  settings: Pick<ClaimCheckSettings, 'store'> | undefined,
  headers: Headers,
  body: Uint8Array,
): Uint8Array | Promise<Uint8Array> {
  const claim = headers[headerNames.claim];
  if (claim === undefined) return body;
  if (settings === undefined) {
    throw new BusbarError(
      'MISSING_CLAIM_CHECK',
      'The body of the message is in a claim store, and this endpoint has none.',
      { details: { header: headerNames.claim, messageId: headers[headerNames.messageId] } },
    );
  }
  checkClaimName(claim);
  return settings.store.get(claim);
}
