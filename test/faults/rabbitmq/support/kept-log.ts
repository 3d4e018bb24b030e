import { inspect } from 'node:util';
import type { LogLevel, Logger } from '@busbar/core';
import { within } from '../../../support/rabbitmq/bounded-wait.ts';

interface Line {
  readonly at: number;
  readonly level: LogLevel;
  readonly fields: object;
  readonly message: string;
}

const kept = 500;
const shown = 60;

/** What the endpoints of a scenario log: to be looked at, and to be shown when it fails. */
export class KeptLog implements Logger {
  #lines: Line[] = [];
  readonly #counts = new Map<string, number>();
  #waiters: { message: string; count: number; resolve: () => void }[] = [];

  debug(): void {}

  info(fields: object, message: string): void {
    this.#add('info', fields, message);
  }

  warn(fields: object, message: string): void {
    this.#add('warn', fields, message);
  }

  error(fields: object, message: string): void {
    this.#add('error', fields, message);
  }

  /** How many lines had this sentence. */
  count(message: string): number {
    return this.#counts.get(message) ?? 0;
  }

  /** Resolves when there have been so many lines with this sentence since the beginning. */
  async until(limitMs: number, message: string, count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push({ message, count, resolve });
    this.#look();
    const what = (): string => `${count} times "${message}", it was ${this.count(message)} times`;
    await within(limitMs, what, promise);
  }

  /** The last lines. */
  get tail(): string {
    return this.#lines
      .slice(-shown)
      .map(({ at, level, fields, message }) => {
        const told = inspect(withShortErrors(fields), { breakLength: Infinity, depth: 2 });
        return `${Math.round(at)} ${level} ${message} ${told}`;
      })
      .join('\n');
  }

  #add(level: LogLevel, fields: object, message: string): void {
    this.#lines.push({ at: performance.now(), level, fields, message });
    if (this.#lines.length > kept) this.#lines.shift();
    this.#counts.set(message, this.count(message) + 1);
    this.#look();
  }

  #look(): void {
    for (const waiter of this.#waiters) {
      if (this.count(waiter.message) >= waiter.count) waiter.resolve();
    }
  }
}

function withShortErrors(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]: [string, unknown]) => {
      return [key, value instanceof Error ? String(value) : value];
    }),
  );
}
