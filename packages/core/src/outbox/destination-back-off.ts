import type { Clock } from '../time/clock.ts';
import type { TransportOperation } from '../transport/operations.ts';

type Destination = TransportOperation['destination'];

const firstMs = 1_000;
const longestMs = 60_000;
/** A destination that has not answered for so long is taken to be silent. */
const silentAfterMs = 1_000;

/** How long destinations that did not take their messages are left alone; each for itself. */
export class DestinationBackOff {
  readonly #clock: Clock;
  readonly #failing = new Map<string, { waitMs: number; until: number }>();
  /** When what is under way was sent, the oldest first. */
  readonly #underWay = new Map<string, Set<{ readonly since: number }>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds until the destination is tried again; 0 for one that may be tried now. */
  left(destination: Destination): number {
    const failing = this.#failing.get(keyOf(destination));
    return failing === undefined ? 0 : Math.max(0, failing.until - this.#clock.monotonic());
  }

  /** As {@link DestinationBackOff.left}, for those who need not try one that does not answer. */
  leftOrSilent(destination: Destination): number {
    const left = this.left(destination);
    if (left > 0) return left;
    const [oldest] = this.#underWay.get(keyOf(destination)) ?? [];
    if (oldest === undefined) return 0;
    return this.#clock.monotonic() - oldest.since > silentAfterMs ? silentAfterMs : 0;
  }

  /** Notes that something is under way to the destinations, until what is returned is called. */
  begin(operations: readonly TransportOperation[]): () => void {
    const mark = { since: this.#clock.monotonic() };
    const keys = new Set(operations.map(({ destination }) => keyOf(destination)));
    for (const key of keys) {
      const marks = this.#underWay.get(key);
      if (marks === undefined) this.#underWay.set(key, new Set([mark]));
      else marks.add(mark);
    }
    return () => {
      for (const key of keys) {
        const marks = this.#underWay.get(key);
        marks?.delete(mark);
        if (marks?.size === 0) this.#underWay.delete(key);
      }
    };
  }

  /** Returns how long to wait. */
  failed(destination: Destination): number {
    const key = keyOf(destination);
    const known = this.#failing.get(key);
    // Of a batch every message fails; that is one failure.
    if (known !== undefined && this.left(destination) > 0) return this.left(destination);
    const waitMs = known === undefined ? firstMs : Math.min(longestMs, known.waitMs * 2);
    this.#failing.set(key, { waitMs, until: this.#clock.monotonic() + waitMs });
    return waitMs;
  }

  worked(destination: Destination): void {
    if (this.#failing.size > 0) this.#failing.delete(keyOf(destination));
  }
}

function keyOf(destination: Destination): string {
  return destination.kind === 'queue'
    ? `queue ${destination.queue}`
    : `topic ${destination.topics.join(';')}`;
}
