import type { ServiceBusReceiver } from '@azure/service-bus';
import { type Clock, pause } from '@busbar/core';
import { isAbort, kindOf } from '../connection/service-failure.ts';
import { OutcomeTurns } from './outcome-turns.ts';
import type { ServiceBusDelivery } from './service-bus-delivery.ts';

const betweenTriesMs = 250;

interface Waiting {
  readonly asked: ServiceBusReceiver;
  readonly refuse: (error: Error) => void;
}

class SessionEnded extends Error {
  override readonly name = 'SessionEnded';
  readonly code = 'SessionLockLost';

  constructor() {
    super('The session ended before the service answered.');
  }
}

/**
 * Tells the service what becomes of messages. A settlement over a link that was closed gets no answer, and the SDK waits for
 * it until its time-out: when the link is opened anew, what waits is asked again, past the link. The first answer counts.
 */
export class Settlements {
  readonly #clock: Clock;
  readonly #retries: number;
  readonly #inSessions: boolean;
  readonly #waiting = new Map<() => void, Waiting>();
  readonly #turns = new OutcomeTurns();

  constructor(clock: Clock, retries: number, inSessions: boolean) {
    this.#clock = clock;
    this.#retries = retries;
    this.#inSessions = inSessions;
  }

  complete(delivery: ServiceBusDelivery): Promise<void> {
    return this.#settle(delivery, 'complete', (pastTheLink) =>
      delivery.receiver.completeMessage(delivery.settled(pastTheLink)),
    );
  }

  abandon(delivery: ServiceBusDelivery, notes: Record<string, string>): Promise<void> {
    return this.#settle(delivery, `abandon ${JSON.stringify(notes)}`, (pastTheLink) =>
      delivery.receiver.abandonMessage(delivery.settled(pastTheLink), notes),
    );
  }

  /** Into the dead-letter queue of the service, with why. */
  deadLetter(delivery: ServiceBusDelivery): Promise<void> {
    return this.#settle(delivery, 'dead-letter', (pastTheLink) =>
      delivery.receiver.deadLetterMessage(delivery.settled(pastTheLink), {
        deadLetterReason: 'TooLargeForErrorQueue',
        deadLetterErrorDescription:
          'The message failed, and no copy of it with a word of why fits into a message.',
      }),
    );
  }

  /** Asks again what was asked over the link before. */
  relinked(receiver: ServiceBusReceiver): void {
    for (const [ask, { asked }] of this.#waiting) if (asked === receiver) ask();
  }

  /** A session has ended, and whatever was settled in it gets no answer: the SDK would wait for a minute. */
  ended(receiver: ServiceBusReceiver): void {
    for (const [ask, { asked, refuse }] of this.#waiting) {
      if (asked !== receiver) continue;
      this.#waiting.delete(ask);
      refuse(new SessionEnded());
    }
  }

  async #settle(
    delivery: ServiceBusDelivery,
    outcome: string,
    settle: (pastTheLink: boolean) => Promise<void>,
  ): Promise<void> {
    // A message that was answered with a refusal counts as settled for the SDK, which only another way gets around.
    for (let tries = 0; ; tries += 1) {
      try {
        await this.#answer(delivery.receiver, () => {
          const turn = this.#turns.take(delivery.receiver, outcome);
          return turn === undefined ? settle(tries > 0) : turn.then(() => settle(tries > 0));
        });
        return;
      } catch (error) {
        const isFinal = this.#inSessions || kindOf(error) === 'lost' || isAbort(error);
        if (isFinal || tries >= this.#retries) throw error;
        await pause(this.#clock, betweenTriesMs * 2 ** tries);
      }
    }
  }

  #answer(receiver: ServiceBusReceiver, settle: () => Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      const ask = (): void => {
        settle().then(
          () => {
            this.#waiting.delete(ask);
            resolve();
          },
          (error: Error) => {
            this.#waiting.delete(ask);
            reject(error);
          },
        );
      };
      this.#waiting.set(ask, { asked: receiver, refuse: reject });
      ask();
    });
  }
}
