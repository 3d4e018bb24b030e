import { randomUUID } from 'node:crypto';
import type { BrokerClock, Timer } from '../clock/broker-clock.ts';
import type { BrokerMessage } from './broker-message.ts';
import { lockLost } from './broker-fault.ts';

const untimed: Timer = { cancel: () => {} };

/** Which messages are locked, by token, and when each lock ends. */
export class LockTable {
  readonly #clock: BrokerClock;
  readonly #locked = new Map<string, BrokerMessage>();
  readonly #onExpiry: (message: BrokerMessage) => void;

  constructor(clock: BrokerClock, onExpiry: (message: BrokerMessage) => void) {
    this.#clock = clock;
    this.#onExpiry = onExpiry;
  }

  /** Untimed for a message of a session: the session's lock ends it. */
  lock(message: BrokerMessage, until: number, timed: boolean): string {
    const token = randomUUID();
    message.lock = { token, until, timer: timed ? this.#timer(message, until) : untimed };
    this.#locked.set(token, message);
    return token;
  }

  unlock(message: BrokerMessage): void {
    if (message.lock === undefined) return;
    message.lock.timer.cancel();
    this.#locked.delete(message.lock.token);
    message.lock = undefined;
  }

  /** @throws BrokerFault when nothing is locked by the token, or no longer */
  find(token: string): BrokerMessage {
    const message = this.#locked.get(token);
    if (message === undefined) throw lockLost();
    return message;
  }

  renew(token: string, until: number): void {
    const { lock } = this.find(token);
    if (lock === undefined) throw lockLost();
    lock.timer.cancel();
    lock.until = until;
    lock.timer = this.#timer(this.find(token), until);
  }

  all(): BrokerMessage[] {
    return [...this.#locked.values()];
  }

  #timer(message: BrokerMessage, until: number): Timer {
    return this.#clock.at(until, () => {
      this.#onExpiry(message);
    });
  }
}
