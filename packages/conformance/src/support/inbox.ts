import { type DeliveryAttempt, headerNames } from '@busbar/core';
import { Counter } from './signals.ts';

/** What handlers were given, in order. */
export class Inbox {
  readonly attempts: DeliveryAttempt[] = [];
  readonly #counter = new Counter();
  readonly #until: (promise: Promise<void>, what: () => string) => Promise<void>;

  constructor(until: (promise: Promise<void>, what: () => string) => Promise<void>) {
    this.#until = until;
  }

  /** The logical ids, in order of the attempts. */
  get ids(): string[] {
    return this.attempts.map(idOf);
  }

  add(attempt: DeliveryAttempt): void {
    this.attempts.push(attempt);
    this.#counter.add();
  }

  /** Waits until `count` attempts were made, and returns the last of them. */
  async has(count: number): Promise<DeliveryAttempt> {
    await this.#until(this.#counter.reaches(count), () => {
      return `${count} attempts; there were ${this.attempts.length}: ${this.ids.slice(0, 20).join(', ')}`;
    });
    return this.attempts[count - 1] as DeliveryAttempt;
  }
}

export function idOf({ headers }: { headers: Readonly<Record<string, string>> }): string {
  return headers[headerNames.messageId] ?? '(no id)';
}
