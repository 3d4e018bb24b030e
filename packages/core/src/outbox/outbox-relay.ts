import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { asError } from '../errors.ts';
import type { OutboxBacklog, OutboxRecord } from '../persistence/outbox-store.ts';
import type { Dispatch } from '../pipeline/dispatch-stage.ts';
import type { Timer } from '../time/clock.ts';
import type { Delivery } from '../transport/delivery.ts';
import type { TransportOperation } from '../transport/operations.ts';
import { ClaimSize } from './claim-size.ts';
import { LaneRelay } from './lane-relay.ts';
import { type OutboxSettings, leaseMs } from './outbox-options.ts';
import { OutboxSender } from './outbox-sender.ts';

/** So many batches and lanes are sent beside each other: one that is not answered must not keep the others waiting. */
const mostAtOnce = 16;
const forgetEveryMs = 60_000;
const backlogEveryMs = 10_000;
/** When to look for what a transaction of the user's own may have committed, each after the one before. */
const soonMs = [10, 20, 70, 200] as const;

/**
 * Sends what is in the outbox: what an attempt has just committed, at once; what nobody sends, because its process died
 * or its destination failed, now and then; and what has a partition key in the order of its commits.
 */
export class OutboxRelay {
  readonly #services: EndpointServices;
  readonly #settings: OutboxSettings;
  readonly #sender: OutboxSender;
  readonly #lanes: LaneRelay;
  readonly #stopping = new AbortController();
  readonly #timers = new Set<Timer>();
  readonly #sending = new Set<Promise<void>>();
  readonly #size = new ClaimSize();
  #ticking: Promise<void> = Promise.resolve();
  #watching: Promise<void> = Promise.resolve();
  #forgetting: Promise<void> | undefined;
  #backlog: OutboxBacklog = { waiting: 0, oldestMs: 0 };
  #nextForget = 0;
  /** Which of {@link soonMs} comes next, while one is to come. */
  #soon: number | undefined;
  /** There may be more than was claimed. */
  #more = false;
  #troubled = false;

  constructor(services: EndpointServices, dispatch: Dispatch, settings: OutboxSettings) {
    this.#services = services;
    this.#settings = settings;
    this.#sender = new OutboxSender(services, dispatch);
    this.#lanes = new LaneRelay({
      services,
      sender: this.#sender,
      graceMs: settings.relayAfterMs,
      stopping: this.#stopping.signal,
      failed: (error) => this.#complain(asError(error)),
    });
  }

  /** Begins to look for what nobody sends. */
  start(): void {
    this.#nextForget = this.#services.clock.monotonic() + Math.random() * forgetEveryMs;
    this.#tickAfter(0);
    this.#watchAfter(0);
  }

  /** What has waited for too long, for health. */
  get problem(): string | undefined {
    const { waiting, oldestMs } = this.#backlog;
    if (waiting === 0 || oldestMs < this.#settings.relayAfterMs + leaseMs / 2) return undefined;
    return `${waiting} messages wait in the outbox, the oldest for ${Math.round(oldestMs / 1_000)} s`;
  }

  /** Sends one record now. @throws BusbarError when nothing could be tried */
  async send(record: OutboxRecord, delivery?: Delivery): Promise<void> {
    await this.#sender.send([record], { patient: true, delivery });
  }

  /** Sends what was just committed; resolves when each is sent, or is the relay's. @throws as `send` */
  async sendCommitted(
    record: string | undefined,
    operations: readonly TransportOperation[],
    delivery?: Delivery,
  ): Promise<void> {
    const keys = new Set<string>();
    for (const { partitionKey } of operations)
      if (partitionKey !== undefined) keys.add(partitionKey);
    const lanes = keys.size === 0 ? undefined : [...keys].map((key) => this.#lanes.send(key));
    if (record !== undefined) {
      const direct = operations.filter(({ partitionKey }) => partitionKey === undefined);
      await this.send({ record, operations: direct }, delivery);
    }
    if (lanes !== undefined) await Promise.all(lanes);
  }

  /** Looks soon: a transaction that nobody tells of may commit. */
  hasten(): void {
    const looking = this.#soon !== undefined;
    this.#soon = 0;
    if (!looking) this.#lookSoon();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    await Promise.all([
      this.#ticking,
      this.#watching,
      this.#forgetting,
      this.#lanes.idle(),
      ...this.#sending,
    ]);
  }

  #after(delayMs: number, action: () => void): void {
    if (this.#stopping.signal.aborted) return;
    const timer = this.#services.clock.setTimer(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs);
    this.#timers.add(timer);
  }

  #lookSoon(): void {
    const delayMs = soonMs[this.#soon ?? soonMs.length];
    if (delayMs === undefined) {
      this.#soon = undefined;
      return;
    }
    this.#after(delayMs, () => {
      this.#soon = (this.#soon ?? 0) + 1;
      this.#ticking = this.#ticking.then(() => this.#look()).then(() => this.#lookSoon());
    });
  }

  #tickAfter(delayMs: number): void {
    this.#after(delayMs, () => {
      this.#ticking = this.#ticking
        .then(() => this.#look())
        // Jitter, so that instances which started together do not go on together.
        .then(() => this.#tickAfter(this.#settings.relayEveryMs * (0.8 + Math.random() * 0.4)));
    });
  }

  async #look(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    try {
      await this.#takeRecords();
      await this.#takeLanes();
      this.#worked();
    } catch (error) {
      this.#complain(asError(error));
    }
  }

  async #takeRecords(): Promise<void> {
    const { outbox } = this.#services.persistence;
    const { relayAfterMs: graceMs } = this.#settings;
    while (!this.#stopping.signal.aborted) {
      this.#more = this.#isFull();
      if (this.#more) return;
      const { limit } = this.#size;
      const records = await outbox.claim({ limit, graceMs, leaseMs });
      if (records.length > 0) this.#sendBeside(records);
      if (records.length < limit) return;
    }
  }

  async #takeLanes(): Promise<void> {
    while (!this.#stopping.signal.aborted && this.#lanes.busy < mostAtOnce) {
      if (!(await this.#lanes.takeAny())) return;
    }
  }

  #isFull(): boolean {
    return this.#sending.size >= mostAtOnce || this.#size.isFull;
  }

  #sendBeside(records: readonly OutboxRecord[]): void {
    const free = this.#size.take(records);
    const sending = this.#sendClaimed(records)
      .catch((error: unknown) => this.#complain(asError(error)))
      .then(() => {
        free();
        this.#sending.delete(sending);
        if (this.#more) this.hasten();
      });
    this.#sending.add(sending);
  }

  async #sendClaimed(records: readonly OutboxRecord[]): Promise<void> {
    const { logger, persistence } = this.#services;
    logger.info(
      { records: records.length },
      'Messages that were committed and not dispatched are sent by the relay of the outbox',
    );
    try {
      await this.#sender.send(records, { patient: false });
    } catch (error) {
      const { relayEveryMs } = this.#settings;
      await Promise.all(
        records.map(({ record, operations }) =>
          persistence.outbox.keep(record, operations, relayEveryMs),
        ),
      );
      throw error;
    }
  }

  /** Apart from sending: health must not wait for what it tells of, nor messages for a long clean-up. */
  #watchAfter(delayMs: number): void {
    this.#after(delayMs, () => {
      const { relayEveryMs } = this.#settings;
      this.#watching = this.#watch().then(() =>
        this.#watchAfter(Math.max(backlogEveryMs, relayEveryMs)),
      );
    });
  }

  async #watch(): Promise<void> {
    const { clock, persistence } = this.#services;
    try {
      this.#backlog = await persistence.outbox.backlog();
    } catch (error) {
      this.#complain(asError(error));
    }
    if (this.#forgetting !== undefined || clock.monotonic() < this.#nextForget) return;
    this.#forgetting = this.#forget().then(() => {
      this.#forgetting = undefined;
      this.#nextForget = clock.monotonic() + forgetEveryMs;
    });
  }

  async #forget(): Promise<void> {
    const { logger, persistence } = this.#services;
    try {
      const forgotten = await persistence.outbox.forget(this.#stopping.signal);
      if (forgotten > 0) logger.debug({ forgotten }, 'Handled messages were forgotten');
    } catch (error) {
      this.#complain(asError(error));
    }
  }

  #worked(): void {
    if (!this.#troubled) return;
    this.#troubled = false;
    this.#services.logger.info({}, 'The outbox works again');
  }

  /** Once: it is tried again all the time. */
  #complain(error: Error): void {
    if (this.#troubled) return;
    this.#troubled = true;
    this.#services.logger.warn({ err: error }, 'The outbox cannot be looked after for now');
  }
}
