import type { ServiceBusReceivedMessage, ServiceBusSessionReceiver } from '@azure/service-bus';
import type { Clock, Timer } from '@busbar/core';
import { isAbort, kindOf } from '../connection/service-failure.ts';
import type { Holdings } from './holdings.ts';
import type { Lock } from './lock-keeper.ts';
import type { LinkAge, ServiceBusDelivery } from './service-bus-delivery.ts';
import { SessionStarts } from './session-starts.ts';

/** A busy session is given up after so long, so that others have their turn. */
const turnMs = 10_000;
/** A session is given to us because it has a message: for so long that may be on its way. */
const firstMs = 2_000;
/** What comes after the last one comes within this, and what the network takes. */
const idleMs = 50;
/** One message took as long as the first over the network; the next may take that many times longer. */
const slack = 2;

/** The note of a turn is left where it could not be taken back in this time. */
const noteMs = 1_000;

/** A session ends with its link. */
const once: LinkAge = { age: 1 };

/** What a {@link SessionTurn} works with. */
export interface SessionTurnParts {
  readonly session: ServiceBusSessionReceiver;
  readonly clock: Clock;
  readonly holdings: Holdings;
  /** The turn has ended because of it. */
  readonly failed: (error: unknown) => void;
}

/**
 * One session while we have it. Its messages are sent to us, one at a time, rather than asked for: the SDK ends a question
 * that is not answered soon by closing the session, with what was on its way.
 */
export class SessionTurn {
  /** Resolves when the session is given up; never rejects. */
  readonly over: Promise<void>;
  readonly #parts: SessionTurnParts;
  readonly #lock: Lock;
  readonly #starts: SessionStarts;
  readonly #ended = Promise.withResolvers<void>();
  readonly #lost = Promise.withResolvers<void>();
  readonly #beganAt: number;
  #patienceMs = firstMs;
  #arrivedOnce = false;
  #current: ServiceBusDelivery | undefined;
  #leaves: ServiceBusReceivedMessage | undefined;
  #busy = false;
  #finishing = false;
  #closing: Promise<void> | undefined;
  #timer: Timer | undefined;

  constructor(parts: SessionTurnParts) {
    const { session, clock, holdings } = parts;
    this.#parts = parts;
    this.#beganAt = clock.monotonic();
    this.over = this.#ended.promise;
    this.#starts = new SessionStarts(session);
    this.#lock = {
      lockedUntil: session.sessionLockedUntilUtc,
      over: false,
      get gone() {
        return session.isClosed;
      },
      renew: () => session.renewSessionLock(),
      lose: (reason) => {
        this.#lost.resolve();
        if (this.#current !== undefined) holdings.lose(this.#current, reason);
        holdings.sessionEnded(session);
        void this.close();
      },
    };
  }

  isAt(delivery: ServiceBusDelivery): boolean {
    return this.#current === delivery;
  }

  begin(): void {
    const { session, holdings } = this.#parts;
    holdings.locks.keep(this.#lock);
    this.#wait();
    session.subscribe(
      {
        processMessage: (message) => this.#arrived(message),
        processError: async ({ error }) => {
          if (this.#closing !== undefined || isAbort(error) || kindOf(error) === 'lost') return;
          this.#parts.failed(error);
          this.finish();
        },
      },
      { autoCompleteMessages: false, maxConcurrentCalls: 1 },
    );
  }

  /** Takes no further message; what is handled is settled first. */
  finish(): void {
    this.#finishing = true;
    if (!this.#busy) void this.close();
  }

  /** At once. Never rejects. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #arrived(message: ServiceBusReceivedMessage): Promise<void> {
    const { session, clock } = this.#parts;
    // It goes back with the session, and comes again.
    if (this.#finishing || this.#closing !== undefined || session.isClosed) return;
    this.#timer?.cancel();
    if (!this.#arrivedOnce) {
      this.#arrivedOnce = true;
      const tookMs = clock.monotonic() - this.#beganAt;
      this.#patienceMs = Math.min(firstMs, idleMs + slack * tookMs);
    }
    this.#busy = true;
    const heard = await this.#handle(message);
    this.#busy = false;
    const late = clock.monotonic() - this.#beganAt >= turnMs;
    // Else it would ask for the next: which must not pass one that the service still counts as ours.
    if (!heard || late || this.#finishing) await this.close();
    else this.#wait();
  }

  /** True when the service knows what became of it. */
  async #handle(message: ServiceBusReceivedMessage): Promise<boolean> {
    const { session, holdings } = this.#parts;
    let uncounted: number;
    try {
      uncounted = await this.#starts.begin(message);
    } catch (error) {
      // Without the note a crash could not be told from a first delivery.
      if (kindOf(error) !== 'lost' && !isAbort(error)) this.#parts.failed(error);
      return false;
    }
    if (this.#finishing || this.#closing !== undefined || session.isClosed) return false;
    const { promise, resolve } = Promise.withResolvers<void>();
    const origin = { receiver: session, link: once, uncounted, done: () => resolve() };
    const delivery = holdings.arrived(message, origin);
    this.#current = delivery;
    await promise;
    this.#current = undefined;
    this.#leaves = delivery.heard === 'settled' ? undefined : message;
    return delivery.heard !== undefined;
  }

  #wait(): void {
    this.#timer = this.#parts.clock.setTimer(() => this.finish(), this.#patienceMs);
  }

  /** A session that is lost, or a connection that does not answer, must not keep the place for another. */
  async #takeBackNote(): Promise<void> {
    const late = this.#parts.clock.setTimer(() => this.#lost.resolve(), noteMs);
    await Promise.race([this.#lost.promise, this.#starts.end(this.#leaves)]);
    late.cancel();
  }

  async #close(): Promise<void> {
    const { session, holdings } = this.#parts;
    this.#timer?.cancel();
    await this.#takeBackNote();
    holdings.locks.forget(this.#lock);
    try {
      await session.close();
    } catch {
      // Its connection is gone.
    }
    this.#ended.resolve();
  }
}
