import {
  BusbarError,
  DeliveryPump,
  type DeliverySource,
  type DispatchResult,
  type OnError,
  type OnMessage,
  type Receiver,
  type ReceiverHealth,
  type ReceiverSettings,
  type Timer,
  type TransportHost,
  type TransportOperation,
  asError,
  headerNames,
} from '@busbar/core';
import type { Dispatcher } from './dispatcher.ts';
import type { Claimant, SharedStore } from './store/shared-store.ts';
import { type DeliveryHome, SqliteDelivery } from './store/sqlite-delivery.ts';
import type { QueueEntry } from './store/topology.ts';
import type { Transaction } from './store/writer.ts';

// Taken once, so that a test which replaces the global timers does not stop every receiver.
const { setImmediate } = globalThis;

/** How long a message may be ours without a place in the pump. */
const mostPendingMs = 50;

/** Takes from one queue while it is started. */
export class SqliteReceiver
  implements Receiver, DeliverySource<SqliteDelivery>, DeliveryHome, Claimant
{
  readonly queue: string;
  mayClaim = false;
  readonly #store: SharedStore;
  readonly #dispatcher: Dispatcher;
  readonly #host: TransportHost;
  readonly #settings: ReceiverSettings;
  readonly #pump: DeliveryPump<SqliteDelivery>;
  #from: QueueEntry | undefined;
  #gone = false;
  #starting: Promise<void> = Promise.resolve();
  #stopped: Promise<void> = Promise.resolve();
  /** Claimed in a transaction that is not committed yet. */
  #claimed: SqliteDelivery[] = [];
  /** Ours, and not pushed yet because the pump is about to have room for them. */
  #pending: SqliteDelivery[] = [];
  #patience: Timer | undefined;

  constructor(
    store: SharedStore,
    dispatcher: Dispatcher,
    host: TransportHost,
    settings: ReceiverSettings,
  ) {
    this.queue = settings.queue;
    this.#store = store;
    this.#dispatcher = dispatcher;
    this.#host = host;
    this.#settings = settings;
    const { clock, logger, onCritical } = host;
    this.#pump = new DeliveryPump({ ...settings, clock, logger, onCritical, source: this });
  }

  get queueId(): number {
    return this.#from?.id ?? -1;
  }

  start(onMessage: OnMessage, onError: OnError): Promise<void> {
    this.#starting = this.#start(onMessage, onError);
    return this.#starting;
  }

  changeConcurrency(concurrency: number): void {
    this.#pump.changeConcurrency(concurrency);
  }

  stop(signal: AbortSignal): Promise<void> {
    this.#stopped = this.#stop(signal);
    return this.#stopped;
  }

  health(): ReceiverHealth {
    const paused = this.#gone
      ? 'the queue was removed'
      : (this.#pump.pausedBecause ?? this.#store.trouble.problem);
    return this.#pump.health(this.queue, paused);
  }

  room(freed: number): number {
    // While the pump pauses nothing may be claimed for what was settled, and it says so by having no room for anything.
    const soon = this.#pump.pausedBecause === undefined ? freed : 0;
    return this.#pump.accepting ? this.#pump.room + soon - this.#pending.length : 0;
  }

  claim(transaction: Transaction, room: number): void {
    const { leases, messages, topology } = this.#store;
    const entry = topology.byId(this.queueId);
    this.mayClaim = false;
    if (entry === undefined) return;
    const lease = this.#store.nextLease();
    const end = leases.endFrom(transaction);
    const rows = messages.claim(entry.id, room, lease, end.wall, transaction.now);
    for (const row of rows) {
      const body = messages.bodyOf(row);
      this.#claimed.push(new SqliteDelivery(row, body, entry, lease, end, this));
    }
    this.mayClaim = rows.length === room;
  }

  claimed(freed: number): void {
    if (this.#claimed.length === 0) return;
    for (const delivery of this.#claimed) this.#store.leases.hold(delivery);
    this.#pending.push(...this.#claimed.splice(0));
    // Those that were settled leave the pump when their handlers have returned, and `roomGrew` tells us then.
    if (freed > 0) setImmediate(this.#checkPending);
    else queueMicrotask(this.#push);
  }

  undone(): void {
    this.#claimed = [];
  }

  checkQueue(): void {
    const { topology, writer } = this.#store;
    if (this.#from === undefined || topology.byId(this.queueId) !== undefined) return;
    const made = topology.find(this.queue);
    if (made === undefined) {
      if (!this.#gone) this.#complainOfQueue();
      this.#gone = true;
      return;
    }
    // A queue of the same name was made: go on with that.
    this.#from = made;
    this.#gone = false;
    this.mayClaim = true;
    writer
      .submit(() => topology.receiverStarted(made.id), false)
      .catch((error: unknown) => {
        this.#host.logger.warn({ queue: this.queue, err: asError(error) }, 'Could not sign on');
      });
  }

  async settle(delivery: SqliteDelivery): Promise<void> {
    const { leases, messages, writer } = this.#store;
    const settled = await writer.submit((transaction) => {
      if (!messages.delete(delivery.from.id, delivery.row, delivery.lease)) return false;
      this.noteSettled(delivery, transaction);
      return true;
    }, true);
    delivery.end();
    leases.drop(delivery);
    if (!settled) throw delivery.gone('another receiver has it');
  }

  async release(delivery: SqliteDelivery, begun: boolean): Promise<void> {
    const { leases, messages, writer } = this.#store;
    if (delivery.ended) return;
    delivery.end();
    leases.drop(delivery);
    await writer.submit((transaction) => {
      messages.release(delivery, begun);
      transaction.touched.add(delivery.from.id);
    }, false);
  }

  async markAlone(delivery: SqliteDelivery): Promise<void> {
    const marked = await this.#store.writer.submit(
      () => this.#store.messages.markAlone(delivery),
      true,
    );
    if (marked) return;
    delivery.lose('another receiver has it');
    throw delivery.gone('another receiver has it');
  }

  roomGrew(): void {
    if (this.#pending.length > 0) this.#push();
    if (this.mayClaim) this.#store.writer.poke();
  }

  settleWith(
    delivery: SqliteDelivery,
    operations: readonly TransportOperation[],
  ): Promise<readonly DispatchResult[]> {
    return this.#dispatcher.settleWith(delivery, operations);
  }

  isOverdue(delivery: SqliteDelivery): boolean {
    return this.#store.leases.isOverdue(delivery);
  }

  rescue(delivery: SqliteDelivery): void {
    this.#store.leases.rescue(delivery);
  }

  /** The transaction that settles a message also fetches for the room it leaves: half the waits for the disk. */
  readonly noteSettled = (delivery: SqliteDelivery, { freed, touched }: Transaction): void => {
    const { from, row } = delivery;
    if (row.lane !== null) touched.add(from.id);
    // Of a key that only the pump keeps in order, another message may wait in it and take the place.
    else if (delivery.headers[headerNames.partitionKey] !== undefined) return;
    freed.set(this, (freed.get(this) ?? 0) + 1);
  };

  readonly #push = (): void => {
    while (this.#pending.length > 0) {
      if (!this.#pump.accepting || this.#pump.pausedBecause !== undefined) {
        this.#giveBackPending();
        return;
      }
      if (this.#pump.room === 0) return;
      const delivery = this.#pending.shift() as SqliteDelivery;
      this.#pump.push(delivery);
      // It is going to be alone: nobody waits for it in our hands.
      if (delivery.deliveryCount > this.#settings.suspicionAfter) this.#giveBackPending();
    }
  };

  /** A handler that goes on after it has settled keeps its place, and the message for it is of more use to others. */
  readonly #checkPending = (): void => {
    this.#push();
    if (this.#pending.length === 0) return;
    this.#patience ??= this.#host.clock.setTimer(() => {
      this.#patience = undefined;
      this.#giveBackPending();
    }, mostPendingMs);
  };

  #giveBackPending(): void {
    this.#patience?.cancel();
    this.#patience = undefined;

    for (const delivery of this.#pending.splice(0)) {
      this.release(delivery, false).catch((error: unknown) => {
        this.#host.logger.warn(
          { queue: this.queue, nativeId: delivery.nativeId, err: asError(error) },
          'A message could not be given back; it comes again when its lease ends',
        );
      });
    }
  }

  async #start(onMessage: OnMessage, onError: OnError): Promise<void> {
    await this.#stopped;
    if (this.#from !== undefined) {
      throw new BusbarError('ALREADY_STARTED', `The receiver of "${this.queue}" is started.`, {
        help: 'Stop it before it is started again.',
      });
    }
    const { topology, writer } = this.#store;
    this.#from = await writer.submit(() => {
      const entry = topology.queue(this.queue);
      if (this.#settings.ordered) topology.makeOrdered(entry);
      topology.receiverStarted(entry.id);
      return topology.queue(this.queue);
    }, false);
    this.#gone = false;
    this.mayClaim = true;
    this.#pump.start(onMessage, onError);
    this.#store.attach(this);
  }

  async #stop(signal: AbortSignal): Promise<void> {
    await Promise.race([this.#starting.catch(() => undefined), fired(signal)]);
    const from = this.#from;
    this.#from = undefined;
    if (from !== undefined) this.#store.detach(this);
    const stopped = this.#pump.stop(signal);
    this.#giveBackPending();
    await stopped;
    if (from === undefined) return;
    const { topology, writer } = this.#store;
    const signedOff = writer
      .submit(({ now }) => topology.receiverStopped(from.id, now), false)
      .catch((error: unknown) => {
        this.#host.logger.debug({ err: asError(error) }, 'A receiver could not sign off');
      });
    await Promise.race([signedOff, fired(signal)]);
  }

  #complainOfQueue(): void {
    const error = new BusbarError(
      'MISSING_QUEUE',
      `The queue "${this.queue}" was removed while it was received.`,
      {
        help: 'Provision it again, or restart the endpoint, and the receiver goes on.',
        details: { queue: this.queue },
      },
    );
    this.#host.logger.error({ queue: this.queue, err: error }, 'A received queue was removed');
    try {
      this.#host.onCritical(error);
    } catch (thrown) {
      this.#host.logger.error({ err: asError(thrown) }, 'The hook for critical errors threw');
    }
  }
}

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
