import { asError } from '../errors.ts';
import { untilAborted, withGrace } from '../time/until-aborted.ts';
import { AloneGate } from './alone-gate.ts';
import { BackOff } from './back-off.ts';
import { Crowd } from './crowd.ts';
import type { OnError, OnMessage } from './delivery.ts';
import { DeliveryLog } from './delivery-log.ts';
import { DeliveryEntry, refusalOf } from './delivery-entry.ts';
import { DeliveryRunner } from './delivery-runner.ts';
import type { DeliveryPumpOptions } from './delivery-source.ts';
import { FairTurns } from './fair-turns.ts';
import type { HeldDelivery } from './held-delivery.ts';
import { Lanes } from './lanes.ts';
import { SuspectTurn } from './suspect-turn.ts';
import type { ReceiverHealth } from './transport.ts';

/** For how long lanes may be full before health speaks of it. */
const longestHoldUpMs = 1_000;

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
  readonly #gate = new AloneGate(() => this.#goOn());
  readonly #turn: SuspectTurn;
  readonly #runner: DeliveryRunner<D>;
  #concurrency: number;
  #accepting = false;
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
    this.#runner = new DeliveryRunner(options, this.#log, {
      accepting: () => this.#accepting,
      progress: (entry) => this.#progress(entry),
      pauseBecause: (reason) => this.#pauseBecause(reason),
      release: (entry) => this.#release(entry),
      lost: (entry) => this.#lost(entry),
      ended: (entry) => this.#finish(entry),
    });
    this.#turn = new SuspectTurn(this.#gate, options.clock);
    this.#backOff = new BackOff(options.clock, () => {
      this.#cautious = true;
      this.#goOn();
    });
  }

  /** How many more deliveries may be pushed now. */
  get room(): number {
    if (!this.#accepting || this.#suspect !== undefined || this.#turns.resting) return 0;
    if (this.#backOff.reason !== undefined || this.#gate.closed) return 0;
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

  /**
   * What the receiver around it answers about itself.
   *
   * @param paused Why it gets nothing: {@link DeliveryPump.pausedBecause}, or what the receiver knows of its broker.
   */
  health(queue: string, paused: string | undefined): ReceiverHealth {
    const { accepting, inFlight, settled, msSinceProgress, heldUpBecause } = this;
    return {
      queue,
      receiving: accepting,
      inFlight,
      settled,
      msSinceProgress,
      ...(paused !== undefined && accepting && { paused }),
      ...(heldUpBecause !== undefined && { heldUp: heldUpBecause }),
    };
  }

  /** Whether a suspect that is pushed now would be the next that the process handles alone. */
  get mayBeAlone(): boolean {
    return !this.#gate.closed;
  }

  /** Why nothing is fetched, while a back-off lasts. */
  get pausedBecause(): string | undefined {
    return this.#backOff.reason;
  }

  /**
   * Why nothing is fetched although there are free slots: what may be held at once is held, most of it behind busy keys.
   * For the `paused` of a receiver whose broker cannot leave out keys; see {@link DeliveryPump.takesKey}.
   */
  get heldUpBecause(): string | undefined {
    const { room, held } = this;
    if (room > 0 || !this.#accepting || held < 2 * this.#concurrency) return undefined;
    const key = this.#lanes.longest;
    if (key === undefined || this.msSinceProgress < longestHoldUpMs) return undefined;
    return `${this.#lanes.waiting} of ${held} held messages wait behind busy partition keys, such as "${key}"`;
  }

  /**
   * Whether a message with this partition key is worth fetching. Of a key that is handled one message may wait; more
   * would keep others out. A source that can leave out the keys for which it is false never starves a key for another.
   */
  takesKey(key: string): boolean {
    return this.#lanes.takes(key);
  }

  get msSinceProgress(): number {
    return this.#options.clock.monotonic() - this.#lastProgress;
  }

  start(onMessage: OnMessage, onError: OnError): void {
    this.#runner.start(onMessage, onError);
    this.#gate.join();
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
    this.#runner.stop();
    this.#backOff.cancel();
    this.#gate.leave();
    const waiting = this.#takeWaiting();
    if (this.#suspect !== undefined && !this.#suspect.begun) {
      this.#turn.end();
      waiting.push(this.#suspect);
    }
    this.#suspect = undefined;
    const handedBack = Promise.all(waiting.map((entry) => this.#release(entry)));
    await untilAborted(Promise.all([handedBack, this.#idle()]), signal);
    const given = Promise.all([
      handedBack,
      ...this.#running.members().map((entry) => this.#abandon(entry)),
    ]);
    await withGrace(given, signal, this.#options.clock);
  }

  /** Begins what may begin, then has more fetched. */
  #goOn(): void {
    this.#runSuspect();
    this.#runReady();
    this.#options.source.roomGrew();
  }

  get #mayBegin(): boolean {
    return (
      this.#running.size < (this.#cautious ? 1 : this.#concurrency) &&
      this.#suspect === undefined &&
      this.#backOff.reason === undefined &&
      !this.#turns.resting &&
      !this.#gate.closed
    );
  }

  #runReady(): void {
    while (this.#ready.length > 0 && this.#mayBegin) {
      this.#begin(this.#ready.shift() as DeliveryEntry<D>);
    }
  }

  #begin(entry: DeliveryEntry<D>): void {
    this.#running.add(entry);
    this.#gate.began();
    entry.begun = true;
    this.#runner.begin(entry);
  }

  #progress(entry: DeliveryEntry<D>): undefined {
    this.#settled += 1;
    this.#lastProgress = this.#options.clock.monotonic();
    this.#backOff.calm();
    if (entry !== this.#suspect) this.#cautious = false;
    return undefined;
  }

  #finish(entry: DeliveryEntry<D>): void {
    this.#leaveRunning(entry);
    if (this.#suspect === entry) {
      this.#suspect = undefined;
      this.#cautious = true;
    }
    if (entry.lane !== undefined) {
      const next = this.#lanes.leave(entry.lane);
      if (next !== undefined) this.#ready.push(next);
    }
    this.#turns.count();
    this.#wakeIfIdle();
    this.#runner.home.stay(this.#goOnHere);
    if (entry.alone) this.#turn.end();
  }

  readonly #goOnHere = (): void => this.#goOn();

  #leaveRunning(entry: DeliveryEntry<D>): void {
    this.#running.delete(entry);
    if (!entry.alone) this.#gate.ended();
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
    this.#leaveRunning(entry);
    if (entry.alone) this.#turn.end();
    // Else the key would stay taken, and after a restart its messages would wait for ever.
    if (entry.lane !== undefined) this.#lanes.leave(entry.lane);
    entry.delivery.lose('the endpoint stopped before the handler ended');
    this.#log.abandoned(entry.delivery);
    this.#wakeIfIdle();
    await this.#release(entry);
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

  /** A suspect that is to be tried waits until it is alone in the process, a refused one until it is alone here. */
  #runSuspect(): void {
    const entry = this.#suspect;
    if (entry === undefined || entry.begun || this.#turn.waiting) return;
    if (refusalOf(entry.delivery, this.#options.suspicionAfter) !== undefined) {
      if (this.#running.size === 0 && !this.#gate.closed) this.#begin(entry);
      return;
    }
    const begin = (): void => {
      entry.begun = true;
      entry.alone = true;
      this.#running.add(entry);
      this.#runner.home.run(this.#runAlone, entry);
    };
    this.#turn.ask(begin, (reason) => {
      this.#suspect = undefined;
      this.#pauseBecause(reason);
      void this.#release(entry);
    });
  }

  readonly #runAlone = async (entry: DeliveryEntry<D>): Promise<void> => {
    try {
      await this.#options.source.markAlone(entry.delivery);
    } catch (error) {
      // Without the durable mark a crash could not be told from bad luck: hand it back rather than run it.
      this.#pauseBecause(asError(error).message);
      if (!entry.abandoned) await this.#release(entry);
      if (!entry.abandoned) this.#finish(entry);
      return;
    }
    if (!entry.abandoned) await this.#runner.bringToEnd(entry);
  };

  /** With all that waits behind it, or the next of its key would overtake it. */
  async #release(entry: DeliveryEntry<D>): Promise<void> {
    const released = this.#giveBack(entry);
    if (entry.begun && entry.lane !== undefined) await this.#releaseBehind(entry);
    await released;
  }

  async #releaseBehind({ lane }: DeliveryEntry<D>): Promise<void> {
    if (lane === undefined) return;
    await Promise.all(this.#lanes.takeBehind(lane).map((entry) => this.#giveBack(entry)));
  }

  /** It comes again, so what waits behind it must come again after it. */
  async #lost(entry: DeliveryEntry<D>): Promise<void> {
    const released = this.#releaseBehind(entry);
    try {
      await this.#options.source.holdLost?.(entry.delivery);
    } catch (error) {
      this.#log.notReleased(entry.delivery, error);
    }
    await released;
  }

  async #giveBack(entry: DeliveryEntry<D>): Promise<void> {
    try {
      await this.#options.source.release(entry.delivery, entry.begun);
    } catch (error) {
      this.#log.notReleased(entry.delivery, error);
    }
  }

  #pauseBecause(reason: string): void {
    if (!this.#accepting) return;
    this.#backOff.begin(reason);
    // Nothing begins while the pause lasts, so others may have what waits for it.
    for (const entry of this.#takeWaiting()) void this.#giveBack(entry);
  }
}
