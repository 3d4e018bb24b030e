import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import {
  BusbarError,
  DeliveryPump,
  type DeliverySource,
  type ReceiverSettings,
  type TransportHost,
  headerNames,
} from '@busbar/core';
import { isAbort, kindOf, textOf } from '../connection/service-failure.ts';
import { isUnstorable, noteReceived } from '../message/received-bodies.ts';
import { ownProperties } from '../message/own-properties.ts';
import type { NativeMessageMapping } from '../service-bus-options.ts';
import { DeliveryBuffer } from './delivery-buffer.ts';
import { LockKeeper } from './lock-keeper.ts';
import { OwnLosses } from './own-losses.ts';
import { Pending } from './pending.ts';
import { PrefetchPatience } from './prefetch-patience.ts';
import { type DeliveryOrigin, ServiceBusDelivery } from './service-bus-delivery.ts';
import { Settlements } from './settlements.ts';
import type { Solitude } from './solitude.ts';
import { diedAlone, isMarked, keptMark } from './start-count.ts';

/** What {@link Holdings} belong to. */
export interface HoldingsParts {
  readonly host: TransportHost;
  readonly receiver: ReceiverSettings;
  readonly lockDurationMs: number;
  /** Further tries of what the service refused for now. */
  readonly retries: number;
  readonly maxBodyBytes: number;
  readonly nativeMessages?: NativeMessageMapping | undefined;
  readonly solitude: Solitude;
}

/** How a message goes back. */
interface GivenBack {
  /** An attempt was started. */
  readonly begun: boolean;
  /** From now on it is handled alone. @default false */
  readonly mark?: boolean;
  /** No other one is wanted in its place for now. @default false */
  readonly withholds?: boolean;
}

/** The messages of a receiver from their arrival until the service has heard what becomes of them. */
export class Holdings implements DeliverySource<ServiceBusDelivery> {
  readonly pump: DeliveryPump<ServiceBusDelivery>;
  readonly locks: LockKeeper;
  readonly #host: TransportHost;
  readonly #receiver: ReceiverSettings;
  readonly #maxBodyBytes: number;
  readonly #nativeMessages: NativeMessageMapping | undefined;
  readonly #buffer = new DeliveryBuffer();
  readonly #held = new Map<string, ServiceBusDelivery>();
  readonly #losses = new OwnLosses();
  readonly #patience: PrefetchPatience;
  readonly #pending = new Pending();
  readonly #settlements: Settlements;
  readonly #solitude: Solitude;
  /** Given back, with a key, and the service has not heard of it yet. */
  #keysOnTheWay = 0;
  /** Present while nothing is wanted: nothing may go back before the service sends no more, or it would come again. */
  #quiet: Promise<void> | undefined;

  constructor(parts: HoldingsParts) {
    const { host, receiver, lockDurationMs, retries, maxBodyBytes, solitude } = parts;
    const { clock, logger, onCritical } = host;
    this.#host = host;
    this.#receiver = receiver;
    this.#maxBodyBytes = maxBodyBytes;
    this.#nativeMessages = parts.nativeMessages;
    this.#solitude = solitude;
    this.#settlements = new Settlements(clock, retries, receiver.ordered);
    this.#patience = new PrefetchPatience(clock, this.#buffer, {
      hasRoom: () => this.pump.room > 0,
      giveBack: (late) => this.#giveBackForNow(late),
    });
    this.pump = new DeliveryPump({ ...receiver, clock, logger, onCritical, source: this });
    this.locks = new LockKeeper(clock, logger, receiver.queue, lockDurationMs);
  }

  /** Messages that the service has locked for us. */
  get size(): number {
    return this.#held.size;
  }

  open(): void {
    this.#quiet = undefined;
  }

  /**
   * What comes from now on goes back.
   *
   * @param quiet Resolves when the service sends no more.
   */
  shut(quiet: Promise<void>): void {
    this.#quiet = quiet;
  }

  /** The link of a receiver was opened anew. */
  relinked(receiver: ServiceBusReceiver): void {
    this.#settlements.relinked(receiver);
  }

  /** A session has ended that nobody of us closed, and with it the hold on its messages. */
  sessionEnded(receiver: ServiceBusReceiver): void {
    this.#settlements.ended(receiver);
  }

  /** Resolves when the service has heard of all that was settled or given back. */
  idle(): Promise<void> {
    return this.#pending.idle();
  }

  arrived(
    message: ServiceBusReceivedMessage,
    origin: Omit<DeliveryOrigin, 'queue' | 'nativeMessages' | 'at'>,
  ): ServiceBusDelivery {
    const delivery = new ServiceBusDelivery(message, {
      ...origin,
      queue: this.#receiver.queue,
      nativeMessages: this.#nativeMessages,
      at: this.#host.clock.monotonic(),
    });
    noteReceived(delivery.body, this.#maxBodyBytes);
    const { nativeId } = delivery;
    const before = this.#held.get(nativeId);
    if (before !== undefined) this.lose(before, 'its lock ended, and it was delivered again');
    this.#held.set(nativeId, delivery);
    if (message.sessionId === undefined || !this.#receiver.ordered) this.#keepLock(delivery);
    if (this.#quiet !== undefined || origin.late === true) {
      this.#giveBack(delivery, { begun: false });
    } else if (this.#needsMark(delivery)) this.#giveBack(delivery, { begun: false, mark: true });
    // It would wait beside the other, and be counted with it.
    else if (this.#isSuspect(delivery) && !this.pump.mayBeAlone) this.#giveBackForNow(delivery);
    else {
      this.#buffer.insert(delivery);
      this.roomGrew();
      // A session waits with its message: given back, that would come to us again.
      if (this.#buffer.size > 0 && !this.#receiver.ordered) this.#patience.watch();
    }
    return delivery;
  }

  /** All that has not gone to the pump. */
  giveBackRest(): void {
    for (const delivery of this.#buffer.takeAll()) this.#giveBack(delivery, { begun: false });
    this.#patience.end();
  }

  async settle(delivery: ServiceBusDelivery): Promise<void> {
    delivery.throwIfLost();
    // The next one may be on its way while the service hears of this one.
    if (!this.#receiver.ordered) delivery.leave();
    delivery.settling = true;
    const done = this.#pending.begin();
    try {
      await unlessLost(delivery, this.#settlements.complete(delivery));
      delivery.heard = 'settled';
      this.#losses.forget(delivery.nativeId);
      this.#patience.handled(delivery);
      this.#end(delivery);
    } catch (error) {
      if (!delivery.ended && kindOf(error) !== 'lost' && !isAbort(error)) throw error;
      this.#end(delivery);
      delivery.leave();
      throw this.#lostError(delivery, error);
    } finally {
      delivery.settling = false;
      done();
      // Whatever ended it; one that did not end is given back by the pump, or by us where a stop has taken it from that.
      if (delivery.ended) delivery.leave();
      else if (delivery.lost) this.#giveBack(delivery, { begun: true });
    }
  }

  release(delivery: ServiceBusDelivery, begun: boolean): void {
    const key = delivery.headers[headerNames.partitionKey];
    this.#giveBack(delivery, { begun });
    if (key === undefined) return;
    // They would overtake it; the service puts all of them back in their places.
    for (;;) {
      const behind = this.#buffer.takeFirst(
        ({ headers }) => headers[headerNames.partitionKey] === key,
      );
      if (behind === undefined) return;
      this.#giveBack(behind, { begun: false });
    }
  }

  /** Nothing to note: it came with a mark that says so. */
  async markAlone(delivery: ServiceBusDelivery): Promise<void> {
    // One that was lost while it waited for its turn has ended already, and nothing would end what begins now.
    if (!delivery.ended) await this.#solitude.begin(delivery);
  }

  roomGrew(): void {
    const { pump } = this;
    // What was given back comes again before those that were behind it.
    while (this.#buffer.size > 0 && this.#keysOnTheWay === 0 && pump.room > 0) {
      const next = this.#buffer.takeFirst(({ headers }) => {
        const key = headers[headerNames.partitionKey];
        return key === undefined || pump.takesKey(key);
      });
      if (next === undefined) return;
      next.pushedAt = this.#host.clock.monotonic();
      pump.push(next);
    }
  }

  #keepLock(delivery: ServiceBusDelivery): void {
    const { native, receiver } = delivery;
    const { lockedUntilUtc, enqueuedTimeUtc } = native;
    if (lockedUntilUtc !== undefined && enqueuedTimeUtc !== undefined) {
      this.locks.learn(lockedUntilUtc.getTime() - enqueuedTimeUtc.getTime());
    }
    delivery.lock = {
      lockedUntil: lockedUntilUtc,
      get over() {
        return delivery.ended;
      },
      renew: () => receiver.renewMessageLock(native),
      lose: (reason) => this.lose(delivery, reason),
    };
    this.locks.keep(delivery.lock);
  }

  /** It is somebody else's now. */
  lose(delivery: ServiceBusDelivery, reason: string): void {
    if (delivery.ended) return;
    this.#losses.note(delivery.nativeId);
    this.#end(delivery);
    this.#buffer.remove(delivery);
    delivery.lose(reason);
    delivery.onLost?.(reason);
    delivery.leave();
  }

  /** A message that was begun often is handled alone, and the service must know it before it is. */
  #needsMark(delivery: ServiceBusDelivery): boolean {
    if (!this.#isSuspect(delivery)) return false;
    // One that this process lost came back though nobody died over it.
    return !isMarked(delivery.count) || this.#losses.has(delivery.nativeId);
  }

  #isSuspect({ deliveryCount, poison }: ServiceBusDelivery): boolean {
    return poison === undefined && deliveryCount > this.#receiver.suspicionAfter;
  }

  #giveBackForNow(delivery: ServiceBusDelivery): void {
    this.#giveBack(delivery, { begun: false, withholds: true });
  }

  #giveBack(delivery: ServiceBusDelivery, how: GivenBack): void {
    if (delivery.ended || delivery.settling) return;
    // It is under way before anybody hears that it has ended, and closes what it goes back over.
    void this.#abandon(delivery, how);
    this.#end(delivery);
  }

  /** Never rejects: what the service does not hear comes again when its lock ends. */
  async #abandon(delivery: ServiceBusDelivery, how: GivenBack): Promise<void> {
    const notes = notesFor(delivery, how);
    const done = this.#pending.begin();
    const keyed = delivery.headers[headerNames.partitionKey] !== undefined;
    if (keyed) this.#keysOnTheWay += 1;
    try {
      await this.#quiet;
      // The last resort: it would come again for ever, and nothing else would.
      if (isUnstorable(delivery.body)) await this.#settlements.deadLetter(delivery);
      else await this.#settlements.abandon(delivery, notes);
      delivery.heard = 'given back';
      // It counts from its mark now, and what it lost before that no more.
      if (how.mark === true) this.#losses.forget(delivery.nativeId);
    } catch (error) {
      const { queue, nativeId } = delivery;
      this.#host.logger.debug(
        { queue, nativeId, reason: textOf(error) },
        'A message could not be given back; it comes again when its lock ends',
      );
    } finally {
      if (keyed) this.#keysOnTheWay -= 1;
      done();
      const withholds = how.withholds === true && this.#quiet === undefined;
      delivery.leave(withholds ? this.#patience.untilWelcome() : undefined);
    }
    if (this.#quiet === undefined) this.roomGrew();
  }

  #end(delivery: ServiceBusDelivery): void {
    delivery.ended = true;
    if (delivery.lock !== undefined) this.locks.forget(delivery.lock);
    if (this.#held.get(delivery.nativeId) === delivery) this.#held.delete(delivery.nativeId);
    this.#solitude.end(delivery);
  }

  #lostError({ nativeId, queue }: ServiceBusDelivery, cause: unknown): BusbarError {
    return new BusbarError('DELIVERY_LOST', `Delivery ${nativeId} was lost: ${textOf(cause)}`, {
      details: { nativeId, queue },
      cause,
    });
  }
}

/** As `settling`, but rejects when the delivery is lost before. */
function unlessLost(delivery: ServiceBusDelivery, settling: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    delivery.onLost = (reason) => reject(new Error(reason));
    settling.then(resolve, reject);
  });
}

/** What is noted on a message that goes back. */
function notesFor(
  { count }: ServiceBusDelivery,
  { begun, mark = false }: GivenBack,
): Record<string, string> {
  const notes: Record<string, string> = {};
  if (!begun) notes[ownProperties.handedBack] = String(count.handedBack + 1);
  if (mark) notes[ownProperties.alone] = String(count.deliveries + 1);
  else if (isMarked(count) && !diedAlone(count))
    notes[ownProperties.alone] = String(keptMark(count, begun));
  return notes;
}
