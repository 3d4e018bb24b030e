import { type Clock, headerNames } from '@busbar/core';
import type { RabbitMqDelivery } from './rabbitmq-delivery.ts';

/**
 * Knows the messages again that this process has handled and whose acknowledgements were lost with their channel. An
 * acknowledgement has no answer, but no more of them can be on their way than messages may be held.
 */
export class UnsureAcks {
  readonly #clock: Clock;
  readonly #keepMs: number;
  /** A ring of native ids. */
  #recent: string[] = [];
  #next = 0;
  /** With the time until which they are remembered. */
  readonly #unsure = new Map<string, number>();

  /** @param keepMs After which the broker has noticed every end of a connection. */
  constructor(clock: Clock, keepMs: number) {
    this.#clock = clock;
    this.#keepMs = keepMs;
  }

  /** How many are remembered while nothing is lost. */
  resize(size: number): void {
    const recent = this.#inOrder();
    this.#recent = Array.from({ length: size }, () => '');
    this.#next = 0;
    for (const nativeId of recent.slice(-size)) this.settled(nativeId);
  }

  /** Somebody has handled it; one that failed comes again as a copy, and is not meant. */
  settled(nativeId: string): void {
    this.#recent[this.#next] = nativeId;
    this.#next += 1;
    if (this.#next === this.#recent.length) this.#next = 0;
  }

  /** The broker has seen them all. */
  flushed(): void {
    this.#recent.fill('');
  }

  /** The channel has ended, and the broker may not have seen the last ones. */
  channelLost(): void {
    const now = this.#clock.monotonic();
    for (const [nativeId, until] of this.#unsure) if (until < now) this.#unsure.delete(nativeId);
    for (const nativeId of this.#inOrder()) this.expect(nativeId);
    this.flushed();
  }

  /** This one comes again and is to be dropped, once. */
  expect(nativeId: string): void {
    this.#unsure.set(nativeId, this.#clock.monotonic() + this.#keepMs);
  }

  /** Whether a message that was delivered before is one of them; true only once for each. */
  recognise({ headers, nativeId }: RabbitMqDelivery): boolean {
    // Messages without an id of their own may look alike.
    if (this.#unsure.size === 0 || (headers[headerNames.messageId] ?? '') === '') return false;
    const until = this.#unsure.get(nativeId);
    this.#unsure.delete(nativeId);
    return until !== undefined && this.#clock.monotonic() <= until;
  }

  #inOrder(): string[] {
    const all = [...this.#recent.slice(this.#next), ...this.#recent.slice(0, this.#next)];
    return all.filter((nativeId) => nativeId !== '');
  }
}
