import { within } from '../../../support/rabbitmq/bounded-wait.ts';

/** What became of a scenario's messages. */
export interface Account {
  /** Confirmed to the sender. */
  readonly sent: number;
  /** How many of them went all the way: their command was handled and their event was. */
  readonly handled: number;
  readonly lost: readonly number[];
  /** Handlings beyond the first, of commands and of events. */
  readonly duplicated: { readonly commands: number; readonly events: number };
  /** Handled although the sender never heard of a confirmation. */
  readonly unconfirmed: number;
  /** Sends that failed and were made again with the same id. */
  readonly sentAgain: number;
  readonly longestRecoveryMs: number | undefined;
}

interface Recovery {
  readonly from: number;
  readonly done: (ms: number) => void;
}

/** Keeps books about numbered messages: sent and confirmed by one side, handled by two others. */
export class Ledger {
  readonly #confirmed = new Set<number>();
  readonly #commands = new Map<number, { times: number; begunAt: number }>();
  readonly #events = new Map<number, number>();
  #sentAgain = 0;
  #lastFailure: string | undefined;
  #forgiven = new Set<number>();
  #recoveries: Recovery[] = [];
  #recoveredMs: number[] = [];
  #waiters: { holds: () => boolean; resolve: () => void }[] = [];

  /** How many the sender knows to be stored. */
  get confirmed(): number {
    return this.#confirmed.size;
  }

  /** How many events have been handled, each counted once. */
  get handled(): number {
    return this.#events.size;
  }

  sent(number: number): void {
    this.#confirmed.add(number);
    this.#look();
  }

  sendFailed(error: unknown): void {
    this.#sentAgain += 1;
    this.#lastFailure = String(error);
  }

  /** Call it first in the handler. Returns how often it had begun before. */
  commandBegun(number: number): number {
    const times = this.#commands.get(number)?.times ?? 0;
    this.#commands.set(number, { times: times + 1, begunAt: performance.now() });
    return times;
  }

  eventHandled(number: number): void {
    this.#events.set(number, (this.#events.get(number) ?? 0) + 1);
    const begunAt = this.#commands.get(number)?.begunAt ?? Infinity;
    const now = performance.now();
    const recovered = this.#recoveries.filter(({ from }) => begunAt >= from);
    this.#recoveries = this.#recoveries.filter(({ from }) => begunAt < from);
    for (const { from, done } of recovered) done(now - from);
    this.#look();
  }

  /** The loss of these is somebody else's. */
  forgive(numbers: Iterable<number>): void {
    for (const number of numbers) this.#forgiven.add(number);
  }

  /** The recovery is timed from now on. */
  async faultOver(what: string, limitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#recoveries.push({ from: performance.now(), done: resolve });
    const text = (): string => `the first message after ${what}; ${this.#state()}`;
    this.recovered(await within(limitMs, text, promise));
  }

  recovered(ms: number): void {
    this.#recoveredMs.push(ms);
  }

  /** Resolves when so many are confirmed. */
  async untilConfirmed(count: number, limitMs: number): Promise<void> {
    await this.#until(limitMs, `${count} to be confirmed`, () => this.#confirmed.size >= count);
  }

  async untilHandled(count: number, limitMs: number): Promise<void> {
    await this.#until(limitMs, `${count} to be handled`, () => this.#events.size >= count);
  }

  /** These were in the hands of somebody who is gone now: the first one that is handled after all ends the recovery. */
  async untilTheseAreHandled(numbers: readonly number[], limitMs: number): Promise<void> {
    const from = performance.now();
    const what = `one of what was in the hands of somebody who is gone: ${numbers.join(', ')}`;
    await this.#until(limitMs, what, () => numbers.some((number) => this.#events.has(number)));
    this.recovered(performance.now() - from);
    await this.#until(limitMs, what, () => numbers.every((number) => this.#events.has(number)));
  }

  /** Resolves when all that was confirmed is handled. */
  async untilAllHandled(limitMs: number): Promise<void> {
    await this.#until(limitMs, 'all to be handled', () => {
      // Cheap while many are missing.
      const least = this.#confirmed.size - this.#forgiven.size;
      return this.#events.size >= least && this.#lost().length === 0;
    });
  }

  account(): Account {
    const lost = this.#lost();
    const excess = (times: Iterable<number>): number =>
      [...times].reduce((sum, each) => sum + Math.max(0, each - 1), 0);
    const commands = [...this.#commands.values()].map(({ times }) => times);
    const longest = Math.max(...this.#recoveredMs);
    const owed = [...this.#confirmed].filter((number) => !this.#isForgivenLoss(number));
    return {
      sent: owed.length,
      handled: owed.length - lost.length,
      lost,
      duplicated: { commands: excess(commands), events: excess(this.#events.values()) },
      unconfirmed: [...this.#events.keys()].filter((number) => !this.#confirmed.has(number)).length,
      sentAgain: this.#sentAgain,
      longestRecoveryMs: this.#recoveredMs.length === 0 ? undefined : longest,
    };
  }

  #lost(): number[] {
    return [...this.#confirmed].filter(
      (number) => !this.#events.has(number) && !this.#forgiven.has(number),
    );
  }

  #isForgivenLoss(number: number): boolean {
    return this.#forgiven.has(number) && !this.#events.has(number);
  }

  async #until(limitMs: number, what: string, holds: () => boolean): Promise<void> {
    if (holds()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push({ holds, resolve });
    await within(limitMs, () => `${what}; ${this.#state()}`, promise);
  }

  #look(): void {
    if (this.#waiters.length === 0) return;
    const due = this.#waiters.filter(({ holds }) => holds());
    this.#waiters = this.#waiters.filter((waiter) => !due.includes(waiter));
    for (const { resolve } of due) resolve();
  }

  #state(): string {
    const missing = this.#lost();
    const named = missing.slice(0, 10).map((number) => {
      const times = this.#commands.get(number)?.times ?? 0;
      return `${number} (command begun ${times} times)`;
    });
    const sends = `${this.#confirmed.size} are confirmed, ${this.#sentAgain} failed sends made again`;
    const last = this.#lastFailure === undefined ? '' : ` (the last: ${this.#lastFailure})`;
    return `${sends}${last}, ${this.#events.size} handled, missing ${missing.length}: ${named.join(', ')}`;
  }
}
