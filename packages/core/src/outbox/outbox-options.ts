import type { Duration } from '../time/duration.ts';

/** Options of the outbox of an endpoint. */
export interface OutboxOptions {
  /**
   * How long committed messages may stay undispatched, by the clock of the database, before another instance takes it that
   * their process died, and sends them. Longer than a dispatch takes at its worst: what is sent twice has the same ids, but
   * is work for nothing.
   *
   * @default '10s'
   */
  readonly relayAfter?: Duration;
  /** How often an instance looks for such messages. @default '1s' */
  readonly relayEvery?: Duration;
}

/** The options with all defaults, in milliseconds. */
export interface OutboxSettings {
  readonly relayAfterMs: number;
  readonly relayEveryMs: number;
}

/**
 * How long a claim of the relay holds: longer than a broker may take to confirm. A process that dies over one delays its
 * messages by so much.
 */
export const leaseMs = 60_000;

/** Options of `outbox`, so that a misspelt one is found. */
export const outboxOptionNames = [
  'relayAfter',
  'relayEvery',
] as const satisfies readonly (keyof OutboxOptions)[];
