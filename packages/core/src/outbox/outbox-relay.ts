import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { asError } from '../errors.ts';
import type { OutboxBacklog, OutboxRecord } from '../persistence/outbox-store.ts';
import type { Dispatch } from '../pipeline/dispatch-stage.ts';
import type { Timer } from '../time/clock.ts';
import type { Delivery } from '../transport/delivery.ts';
import type { TransportOperation } from '../transport/operations.ts';
import type { OutboxSettings } from './outbox-options.ts';
import { OutboxSender } from './outbox-sender.ts';

/** How many are claimed at once. */
const limit = 100;
/** How long a claim holds: a process that dies over it delays its messages by so much. */
const leaseMs = 30_000;
const forgetEveryMs = 60_000;
const backlogEveryMs = 10_000;
/** When to look for what a transaction of the user's own may have committed, after it was stored. */
const soonMs = [10, 30, 100, 300] as const;

/**
 * Sends what is in the outbox: what an attempt has just committed, at once; what nobody sends, because its process died
 * or its destination failed, now and then; and what has a partition key in the order of its commits.
 */
export class OutboxRelay {
  readonly #services: EndpointServices;
  readonly #settings: OutboxSettings;
  readonly #sender: OutboxSender;
  readonly #lanes = new Map<string, { again: boolean; readonly drained: Promise<void> }>();
  readonly #stopping = new AbortController();
  readonly #timers = new Set<Timer>();
  #ticking: Promise<void> = Promise.resolve();
  #forgetting: Promise<void> = Promise.resolve();
  #backlog: OutboxBacklog = { waiting: 0, oldestMs: 0 };
  #nextForget = 0;
  #nextBacklog = 0;
  #troubled = false;

  constructor(services: EndpointServices, dispatch: Dispatch, settings: OutboxSettings) {
    this.#services = services;
    this.#settings = settings;
    this.#sender = new OutboxSender(services, dispatch);
  }

  /** Begins to look for what nobody sends. */
  start(): void {
    this.#nextForget = this.#services.clock.monotonic() + Math.random() * forgetEveryMs;
    this.#tickAfter(0);
  }

  /** What has waited for too long, for health. */
  get problem(): string | undefined {
    const { waiting, oldestMs } = this.#backlog;
    if (waiting === 0 || oldestMs < this.#settings.relayAfterMs + leaseMs) return undefined;
    return `${waiting} messages wait in the outbox, the oldest for ${Math.round(oldestMs / 1_000)} s`;
  }

  /** Sends one record now. @throws BusbarError when nothing could be tried */
  async send(record: OutboxRecord, delivery?: Delivery): Promise<void> {
    await this.#sender.send([record], delivery);
  }

  /** Sends what was just committed; resolves when each is sent, or is the relay's. @throws as `send` */
  async sendCommitted(
    record: string | undefined,
    operations: readonly TransportOperation[],
    delivery?: Delivery,
  ): Promise<void> {
    const lanes = this.#sendLanes(operations);
    if (record !== undefined) {
      const direct = operations.filter(({ partitionKey }) => partitionKey === undefined);
      await this.#sender.send([{ record, operations: direct }], delivery);
    }
    await lanes;
  }

  /** Looks soon: a transaction that nobody tells of may commit. */
  hasten(): void {
    for (const delayMs of soonMs) this.#tickAfter(delayMs, false);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    await Promise.all([
      this.#ticking,
      this.#forgetting,
      ...[...this.#lanes.values()].map(({ drained }) => drained),
    ]);
  }

  async #sendLanes(operations: readonly TransportOperation[]): Promise<void> {
    const keys = new Set<string>();
    for (const { partitionKey } of operations)
      if (partitionKey !== undefined) keys.add(partitionKey);
    if (keys.size > 0) await Promise.all([...keys].map((key) => this.#sendLane(key)));
  }

  /** One at a time in this process; what was committed while it ran is sent, too. */
  #sendLane(key: string): Promise<void> {
    const running = this.#lanes.get(key);
    if (running !== undefined) {
      running.again = true;
      return running.drained;
    }
    const { promise: drained, resolve } = Promise.withResolvers<void>();
    const lane = { again: true, drained };
    this.#lanes.set(key, lane);
    void (async () => {
      try {
        while (lane.again && !this.#stopping.signal.aborted) {
          lane.again = false;
          await this.#drainLane(key);
        }
        this.#worked();
      } catch (error) {
        this.#complain(asError(error));
      } finally {
        // In one turn with the last look at `again`.
        this.#lanes.delete(key);
        resolve();
      }
    })();
    return drained;
  }

  /** Sends a lane until it is empty, taken by somebody else, or does not go on. Without key any lane, once. */
  async #drainLane(key?: string): Promise<boolean> {
    const { outbox } = this.#services.persistence;
    const { relayAfterMs: graceMs } = this.#settings;
    for (let found = false; ; found = true) {
      const request = { limit, graceMs, leaseMs, ...(key !== undefined && { key }) };
      const lane = await outbox.claimLane(request);
      if (lane === undefined) return found;
      let progress = { sent: 0, afterMs: 1_000 };
      try {
        progress = await this.#sender.sendInOrder(lane.operations);
      } finally {
        await outbox.settleLane(lane, progress.sent, progress.afterMs);
      }
      if (progress.sent < lane.operations.length || key === undefined) return true;
      if (this.#stopping.signal.aborted) return true;
    }
  }

  #tickAfter(delayMs: number, repeat = true): void {
    if (this.#stopping.signal.aborted) return;
    const timer = this.#services.clock.setTimer(() => {
      this.#timers.delete(timer);
      this.#ticking = this.#ticking.then(() => this.#tick(repeat));
    }, delayMs);
    this.#timers.add(timer);
  }

  async #tick(repeat: boolean): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    try {
      await this.#sendAbandoned();
      if (repeat) await this.#lookAfter();
      this.#worked();
    } catch (error) {
      this.#complain(asError(error));
    }
    // Jitter, so that instances which started together do not go on together.
    if (repeat) this.#tickAfter(this.#settings.relayEveryMs * (0.8 + Math.random() * 0.4));
  }

  async #sendAbandoned(): Promise<void> {
    const { outbox } = this.#services.persistence;
    const { relayAfterMs: graceMs } = this.#settings;
    for (let claimed = limit; claimed === limit && !this.#stopping.signal.aborted;) {
      const records = await outbox.claim({ limit, graceMs, leaseMs });
      claimed = records.length;
      if (claimed > 0) await this.#sendClaimed(records);
    }
    while (!this.#stopping.signal.aborted && (await this.#drainLane()));
  }

  async #sendClaimed(records: readonly OutboxRecord[]): Promise<void> {
    const { logger, persistence } = this.#services;
    logger.info(
      { records: records.length },
      'Messages that were committed and not dispatched are sent by the relay of the outbox',
    );
    try {
      await this.#sender.send(records);
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

  async #lookAfter(): Promise<void> {
    const { clock, logger, persistence } = this.#services;
    const now = clock.monotonic();
    if (now >= this.#nextBacklog) {
      this.#nextBacklog = now + backlogEveryMs;
      this.#backlog = await persistence.outbox.backlog();
    }
    if (now < this.#nextForget) return;
    this.#nextForget = now + forgetEveryMs;
    await this.#forgetting;
    // Beside the relay: a long clean-up must not keep messages waiting.
    this.#forgetting = persistence.outbox.forget(this.#stopping.signal).then(
      (forgotten) => {
        if (forgotten > 0) logger.debug({ forgotten }, 'Handled messages were forgotten');
      },
      (error: unknown) => this.#complain(asError(error)),
    );
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
