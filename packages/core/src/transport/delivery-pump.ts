import { BusbarError, asError } from '../errors.ts';
import { pause } from '../time/clock.ts';
import { BackOff } from './back-off.ts';
import { Crowd } from './crowd.ts';
import type { FailureDecision, OnError, OnMessage } from './delivery.ts';
import { DeliveryLog } from './delivery-log.ts';
import type { DeliveryPumpOptions } from './delivery-source.ts';
import { DeliveryEntry, refusalOf } from './delivery-entry.ts';
import { FairTurns } from './fair-turns.ts';
import type { HeldDelivery } from './held-delivery.ts';
import { Lanes } from './lanes.ts';
import { untilAborted } from './until-aborted.ts';

/** How long a stop whose deadline has passed still waits for the broker to take messages back. */
const graceMs = 1_000;

/**
 * Takes deliveries from any fetch loop and brings each to its end: lanes by partition key, the concurrency limit, the
 * attempts, the crash guard, settling, handing back. It knows no broker; every transport here is a fetch loop around
 * one, and a host that is handed batches (a Lambda, say) can feed it directly.
 */
export class DeliveryPump<D extends HeldDelivery = HeldDelivery> {
  readonly #options: DeliveryPumpOptions<D>;
  readonly #lanes = new Lanes<DeliveryEntry<D>>();
  readonly #log: DeliveryLog;
  readonly #backOff: BackOff;
  readonly #turns: FairTurns;
  readonly #running = new Crowd<DeliveryEntry<D>>();
  #onMessage: OnMessage | undefined;
  #onError: OnError | undefined;
  #concurrency: number;
  #accepting = false;
  #stopping = new AbortController();
  #ready: DeliveryEntry<D>[] = [];
  #suspect: DeliveryEntry<D> | undefined;
  /** After a suspect or a back-off only one message is taken at a time, until an innocent one was settled. */
  #cautious = false;
  #settled = 0;
  #lastProgress: number;
  #idleWaiters: (() => void)[] = [];

  constructor(options: DeliveryPumpOptions<D>) {
    this.#options = options;
    this.#concurrency = options.concurrency;
    this.#log = new DeliveryLog(options.logger);
    this.#lastProgress = options.clock.monotonic();
    this.#turns = new FairTurns(() => this.#goOn(), options.clock);
    this.#backOff = new BackOff(options.clock, () => {
      this.#cautious = true;
      this.#goOn();
    });
  }

  /** How many more deliveries may be pushed now. */
  get room(): number {
    if (!this.#accepting || this.#suspect !== undefined || this.#turns.resting) return 0;
    if (this.#backOff.reason !== undefined) return 0;
    const begunOrReady = this.#running.size + this.#ready.length;
    if (this.#cautious) return begunOrReady === 0 ? 1 : 0;
    // Messages behind a lane take no slot of the limit, but what is held in all stays bounded.
    const slots = this.#concurrency - begunOrReady;
    const space = 2 * this.#concurrency - begunOrReady - this.#lanes.waiting;
    return Math.max(0, Math.min(slots, space));
  }

  /** Deliveries that are held, in a handler or before it. */
  get held(): number {
    const suspects = this.#suspect !== undefined && !this.#running.has(this.#suspect) ? 1 : 0;
    return this.#running.size + this.#ready.length + this.#lanes.waiting + suspects;
  }

  get inFlight(): number {
    return this.#running.size;
  }

  get settled(): number {
    return this.#settled;
  }

  get accepting(): boolean {
    return this.#accepting;
  }

  /** Why nothing is fetched, while a back-off lasts. */
  get pausedBecause(): string | undefined {
    return this.#backOff.reason;
  }

  get msSinceProgress(): number {
    return this.#options.clock.monotonic() - this.#lastProgress;
  }

  start(onMessage: OnMessage, onError: OnError): void {
    this.#onMessage = onMessage;
    this.#onError = onError;
    this.#stopping = new AbortController();
    this.#cautious = false;
    this.#accepting = true;
    this.#lastProgress = this.#options.clock.monotonic();
    this.#options.source.roomGrew();
  }

  changeConcurrency(concurrency: number): void {
    this.#concurrency = concurrency;
    this.#goOn();
  }

  /** Takes a delivery. The adapter pushes no more than {@link room}; what comes after a stop is handed back. */
  push(delivery: D): void {
    const entry = new DeliveryEntry(delivery);
    if (!this.#accepting || this.#suspect !== undefined) {
      void this.#release(entry);
    } else if (delivery.deliveryCount > this.#options.suspicionAfter) {
      this.#isolate(entry);
    } else if (entry.lane === undefined || this.#lanes.enter(entry.lane, entry)) {
      if (this.#mayBegin && this.#ready.length === 0) this.#begin(entry);
      else this.#ready.push(entry);
    }
  }

  /**
   * Takes nothing more, hands back what has not begun and waits for the rest. When `signal` fires, running attempts are
   * fenced (their deliveries become lost), given back, and the promise resolves.
   */
  async stop(signal: AbortSignal): Promise<void> {
    this.#accepting = false;
    this.#stopping.abort();
    this.#backOff.cancel();
    const waiting = this.#takeWaiting();
    if (this.#suspect !== undefined && !this.#suspect.begun) waiting.push(this.#suspect);
    this.#suspect = undefined;
    const handedBack = Promise.all(waiting.map((entry) => this.#release(entry)));
    await untilAborted(Promise.all([handedBack, this.#idle()]), signal);
    const given = Promise.all([
      handedBack,
      ...this.#running.members().map((entry) => this.#abandon(entry)),
    ]);
    await this.#withinGrace(given);
  }

  /** Begins what may begin, then has more fetched. */
  #goOn(): void {
    this.#runReady();
    this.#options.source.roomGrew();
  }

  get #mayBegin(): boolean {
    return (
      this.#running.size < (this.#cautious ? 1 : this.#concurrency) &&
      this.#suspect === undefined &&
      !this.#turns.resting
    );
  }

  #runReady(): void {
    while (this.#ready.length > 0 && this.#mayBegin) {
      this.#begin(this.#ready.shift() as DeliveryEntry<D>);
    }
  }

  #begin(entry: DeliveryEntry<D>): void {
    this.#running.add(entry);
    entry.begun = true;
    void this.#bringToEnd(entry);
  }

  /** Never rejects. One flat function, because every `async` layer costs each message two turns of the microtask queue. */
  async #bringToEnd(entry: DeliveryEntry<D>): Promise<void> {
    const { delivery } = entry;
    const onMessage = this.#onMessage as OnMessage;
    try {
      for (let failures = 0; ; failures += 1) {
        let failure = refusalOf(delivery, this.#options.suspicionAfter);
        if (failure === undefined) {
          try {
            const outcome = await onMessage({
              delivery,
              headers: { ...delivery.headers },
              failures,
            });
            const settling = outcome === 'settle' ? this.#settle(entry) : this.#progress(entry);
            if (settling !== undefined) await settling;
            break;
          } catch (error) {
            failure = asError(error);
          }
        }
        if (!(await this.#recover(entry, failures + 1, failure))) break;
      }
    } catch (error) {
      // Only a mistake of the pump or of a source comes here; the message is kept whatever it was.
      this.#critical(asError(error));
      if (!entry.abandoned) await this.#release(entry);
    }
    if (!entry.abandoned) this.#finish(entry);
  }

  /** Asks what to do about a failed attempt and does it. True means: try again, the delivery is still held. */
  async #recover(entry: DeliveryEntry<D>, failures: number, failure: Error): Promise<boolean> {
    const { delivery } = entry;
    if (entry.abandoned) return false;
    if (delivery.lost) {
      this.#log.lost(delivery, failure);
      return false;
    }
    const decision = await this.#decide(entry, failures, failure);
    if (entry.abandoned || delivery.lost) return false;
    if (decision.action === 'settle') {
      await this.#settle(entry);
      return false;
    }
    if (decision.action === 'settled') {
      this.#progress(entry);
      return false;
    }
    if (decision.action === 'retry') {
      if (decision.afterMs !== undefined && this.#accepting) {
        const ended = AbortSignal.any([delivery.signal, this.#stopping.signal]);
        await pause(this.#options.clock, decision.afterMs, ended);
      }
      if (delivery.lost) return false;
      // Once stopping, a failed message goes back to the queue instead of holding the stop up. One that must not be
      // handled has nothing to try again: it comes back from the broker, which does not starve the others.
      if (this.#accepting && refusalOf(delivery, this.#options.suspicionAfter) === undefined)
        return true;
    }
    await this.#release(entry);
    return false;
  }

  async #decide(entry: DeliveryEntry<D>, failures: number, error: Error): Promise<FailureDecision> {
    const { delivery } = entry;
    const onError = this.#onError as OnError;
    try {
      return await onError({ delivery, headers: { ...delivery.headers }, failures, error });
    } catch (thrown) {
      if (delivery.lost || entry.abandoned) return { action: 'release' };
      const cause = asError(thrown);
      this.#pauseBecause(cause.message);
      this.#critical(cause);
      return { action: 'release' };
    }
  }

  /** Never throws or rejects. */
  #settle(entry: DeliveryEntry<D>): Promise<void> | undefined {
    if (entry.delivery.lost) {
      this.#log.lost(entry.delivery);
      return undefined;
    }
    try {
      const settling = this.#options.source.settle(entry.delivery);
      if (settling === undefined) return this.#progress(entry);
      return this.#whenSettled(entry, settling);
    } catch (error) {
      return this.#notSettled(entry, asError(error));
    }
  }

  async #whenSettled(entry: DeliveryEntry<D>, settling: Promise<void> | void): Promise<void> {
    try {
      await settling;
    } catch (error) {
      await this.#notSettled(entry, asError(error));
      return;
    }
    this.#progress(entry);
  }

  async #notSettled(entry: DeliveryEntry<D>, error: Error): Promise<void> {
    if (error instanceof BusbarError && error.code === 'DELIVERY_LOST') {
      entry.delivery.lose('another receiver has it');
      this.#log.lost(entry.delivery, error);
      return;
    }
    this.#log.notSettled(entry.delivery, error);
    // Without a pause a broker that takes no acknowledgement would have the handler run in a tight loop.
    this.#pauseBecause(error.message);
    if (!entry.abandoned) await this.#release(entry);
  }

  #progress(entry: DeliveryEntry<D>): undefined {
    this.#settled += 1;
    this.#lastProgress = this.#options.clock.monotonic();
    this.#backOff.calm();
    if (entry !== this.#suspect) this.#cautious = false;
    return undefined;
  }

  #finish(entry: DeliveryEntry<D>): void {
    this.#running.delete(entry);
    if (this.#suspect === entry) {
      this.#suspect = undefined;
      this.#cautious = true;
    }
    if (entry.lane !== undefined) {
      const next = this.#lanes.leave(entry.lane);
      if (next !== undefined) this.#ready.push(next);
    }
    this.#turns.count();
    this.#runSuspect();
    this.#wakeIfIdle();
    this.#goOn();
  }

  #idle(): Promise<void> {
    if (this.#running.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  #wakeIfIdle(): void {
    if (this.#running.size > 0 || this.#idleWaiters.length === 0) return;
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }

  async #abandon(entry: DeliveryEntry<D>): Promise<void> {
    entry.abandoned = true;
    this.#running.delete(entry);
    // Else the key would stay taken, and after a restart its messages would wait for ever.
    if (entry.lane !== undefined) this.#lanes.leave(entry.lane);
    entry.delivery.lose('the endpoint stopped before the handler ended');
    this.#log.abandoned(entry.delivery);
    this.#wakeIfIdle();
    await this.#release(entry);
  }

  async #withinGrace(given: Promise<unknown>): Promise<void> {
    const done = new AbortController();
    await Promise.race([given, pause(this.#options.clock, graceMs, done.signal)]);
    done.abort();
  }

  /** All that is held and has not begun; {@link DeliveryEntry.begun} tells the suspect, which is not among it. */
  #takeWaiting(): DeliveryEntry<D>[] {
    const ready = this.#ready;
    this.#ready = [];
    const behind = this.#lanes.drain();
    for (const entry of ready) if (entry.lane !== undefined) this.#lanes.leave(entry.lane);
    return [...ready, ...behind];
  }

  #isolate(entry: DeliveryEntry<D>): void {
    this.#suspect = entry;
    for (const other of this.#takeWaiting()) void this.#release(other);
    this.#runSuspect();
  }

  #runSuspect(): void {
    const entry = this.#suspect;
    if (entry === undefined || this.#running.size > 0 || entry.begun) return;
    entry.begun = true;
    this.#running.add(entry);
    void this.#runAlone(entry);
  }

  async #runAlone(entry: DeliveryEntry<D>): Promise<void> {
    if (refusalOf(entry.delivery, this.#options.suspicionAfter) === undefined) {
      try {
        await this.#options.source.markAlone(entry.delivery);
      } catch (error) {
        // Without the durable mark a crash could not be told from bad luck: hand it back rather than run it.
        this.#pauseBecause(asError(error).message);
        if (!entry.abandoned) await this.#release(entry);
        if (!entry.abandoned) this.#finish(entry);
        return;
      }
      if (entry.abandoned) return;
    }
    await this.#bringToEnd(entry);
  }

  async #release(entry: DeliveryEntry<D>): Promise<void> {
    try {
      await this.#options.source.release(entry.delivery, entry.begun);
    } catch (error) {
      this.#log.notReleased(entry.delivery, error);
    }
  }

  #pauseBecause(reason: string): void {
    if (this.#accepting) this.#backOff.begin(reason);
  }

  #critical(error: Error): void {
    try {
      this.#options.onCritical(error);
    } catch (thrown) {
      this.#log.hookThrew(this.#options.queue, thrown);
    }
  }
}
