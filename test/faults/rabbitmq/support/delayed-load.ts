import type { Account } from './ledger.ts';

/** When messages are due, and how late they came. */
export class DelayedLoad {
  readonly #dueAt: number[] = [];
  readonly #lateMs: number[] = [];
  #sentAt = Infinity;
  #backAt = Infinity;

  /** For the option `deliverAt` of a load: in that many seconds and up to 18 more, by different sums of the ladder's levels. */
  due(leastSeconds: number): (number: number) => Date {
    this.#sentAt = Date.now();
    return (number) => {
      const seconds = leastSeconds + 2 * (number % 10);
      this.#dueAt[number] ??= Date.now() + seconds * 1_000;
      return new Date(this.#dueAt[number]);
    };
  }

  /** The first handling of a message. */
  came(number: number): void {
    this.#lateMs[number] ??= Date.now() - (this.#dueAt[number] ?? Infinity);
  }

  /** The broker works again. */
  back(): void {
    this.#backAt = Date.now();
  }

  get earliestMs(): number {
    return Math.min(...this.#lateMs);
  }

  /** Of those that were due when all was well again. */
  get latestAfterwardsMs(): number {
    const afterwards = this.#lateMs.filter((_, number) => {
      return (this.#dueAt[number] ?? 0) > this.#backAt + 1_000;
    });
    return afterwards.length === 0 ? Infinity : Math.max(...afterwards);
  }

  /** How late they would be if their delays had begun again when the broker did. */
  get begunAgainMs(): number {
    return this.#backAt - this.#sentAt;
  }

  toldIn(account: Account): string {
    const latest = Math.max(...this.#lateMs);
    const told = [this.earliestMs, latest, this.latestAfterwardsMs].map((ms) => Math.round(ms));
    return `${told[0]} to ${told[1]} ms late, at most ${told[2]} ms of those due afterwards (${account.sent} due)`;
  }
}
