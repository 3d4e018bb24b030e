import type { ConsumeMessage } from 'amqplib';
import {
  DeliveryPump,
  type DeliverySource,
  type ReceiverSettings,
  type TransportHost,
} from '@busbar/core';
import type { Link } from '../connection/link.ts';
import type { ConsumerChannel } from './consumer-channel.ts';
import type { Consumption, ConsumptionOwner } from './consumption.ts';
import { Copies, type CopiesOwner, type Republisher } from './copies.ts';
import { type Deadline, overdue } from './deadline.ts';
import { DeliveryBuffer } from './delivery-buffer.ts';
import { Intake } from './intake.ts';
import { OwnReturns } from './own-returns.ts';
import type { RabbitMqDelivery } from './rabbitmq-delivery.ts';
import { Returns } from './returns.ts';
import { Sieve } from './sieve.ts';
import { diedAlone, startsBefore } from './start-count.ts';
import { UnsureAcks } from './unsure-acks.ts';

/** What {@link Holdings} belong to. */
export interface HoldingsParts {
  readonly link: Link;
  readonly republisher: Republisher;
  readonly host: TransportHost;
  readonly receiver: ReceiverSettings;
  /** After which the broker has noticed every end of a connection. */
  readonly brokerNoticesMs: number;
  readonly maxBodyBytes: number;
  readonly deadline: Deadline;
  readonly consumption: () => Consumption | undefined;
}

/** The messages of a receiver from their arrival until the broker has heard what becomes of them. */
export class Holdings implements DeliverySource<RabbitMqDelivery>, ConsumptionOwner, CopiesOwner {
  readonly pump: DeliveryPump<RabbitMqDelivery>;
  readonly copies: Copies;
  readonly intake: Intake;
  readonly #parts: HoldingsParts;
  readonly #buffer = new DeliveryBuffer();
  readonly #returns: Returns;
  readonly #sieve: Sieve;
  readonly #unsure: UnsureAcks;
  readonly #returned = new OwnReturns();
  #stopping = false;

  constructor(parts: HoldingsParts) {
    const { host, receiver, republisher, link } = parts;
    const { clock, logger, onCritical } = host;
    const buffer = this.#buffer;
    const pump = new DeliveryPump({ ...receiver, clock, logger, onCritical, source: this });
    const copies = new Copies(republisher, host, this);
    const returns = new Returns(buffer, copies, {
      mayGo: () => this.#mayGiveBack,
      goes: (delivery) => this.#noteReturn(delivery),
    });
    const unsure = new UnsureAcks(clock, parts.brokerNoticesMs);
    this.#parts = parts;
    this.pump = pump;
    this.copies = copies;
    this.#returns = returns;
    this.#unsure = unsure;
    const { maxBodyBytes } = parts;
    const returned = this.#returned;
    const uncopied = (delivery: RabbitMqDelivery): void => this.intake.arrived(delivery);
    this.#sieve = new Sieve({
      receiver,
      host,
      link,
      copies,
      unsure,
      returned,
      maxBodyBytes,
      uncopied,
    });
    this.intake = new Intake({
      receiver,
      clock,
      pump,
      buffer,
      copies,
      returns,
      consuming: () => parts.consumption()?.prefetch ?? 0,
      changed: () => this.#adjust(),
    });
  }

  /** Messages that the broker waits to hear of. */
  get size(): number {
    return this.#parts.consumption()?.channel?.held.length ?? 0;
  }

  /** The most that there may be. */
  resize(prefetch: number): void {
    this.intake.prefetch = prefetch;
    this.#unsure.resize(prefetch);
  }

  begin(): void {
    this.#stopping = false;
    this.intake.begin();
  }

  /** Nothing new is wanted: what is given back from now on must not come again. */
  stopping(): void {
    this.#stopping = true;
  }

  /** All that has not gone to the pump. */
  giveBackRest(): void {
    // Where order matters it stays until the channel closes, which gives it back in its place.
    if (!this.#parts.receiver.ordered) this.#returns.addAll(this.#buffer.takeAll());
    this.#returns.go();
  }

  end(): void {
    this.copies.stop();
    this.intake.end();
    this.#buffer.takeAll();
  }

  /** @param seen Whether the broker has processed all that was settled on it. */
  channelClosed(channel: ConsumerChannel, seen: boolean): void {
    for (const delivery of channel.drop()) this.#noteReturn(delivery);
    if (seen) this.#unsure.flushed();
    else this.#unsure.channelLost();
  }

  /** Returns how many were held for too long and are given back. */
  giveBackLate(reason: string): number {
    const consumption = this.#parts.consumption();
    const { deadline, host, receiver } = this.#parts;
    const now = host.clock.monotonic();
    const late = overdue(consumption?.channel?.held ?? [], now, deadline);
    if (late.length === 0) return 0;
    if (receiver.ordered) {
      // All go back together, in order; for what only waits, not while something is handled.
      const urgent = late.some(({ arrivedAt }) => now - arrivedAt > deadline.endWithinMs);
      if (!urgent && this.pump.inFlight > 0) return 0;
      consumption?.giveUp(reason);
      return late.length;
    }
    this.#buffer.take((delivery) => late.includes(delivery));
    for (const delivery of late) {
      if (delivery.pushed) delivery.lose(reason);
      void this.#returns.add(delivery);
    }
    this.roomGrew();
    return late.length;
  }

  settle(delivery: RabbitMqDelivery): void {
    this.intake.settling(delivery);
    if (!delivery.channel.ack(delivery)) {
      delivery.lose('its channel is closed');
      delivery.throwIfLost();
    }
    if (!delivery.failed) this.#unsure.settled(delivery.nativeId);
    this.#returned.forget(delivery.nativeId);
  }

  release(delivery: RabbitMqDelivery, begun: boolean): Promise<void> | void {
    if (delivery.ended || delivery.copying) return undefined;
    delivery.begun ||= begun;
    if (!this.#parts.receiver.ordered) return this.#returns.add(delivery);
    // Nobody may have it before us, so it stays here, in its old place.
    if (!this.#stopping) this.#buffer.insert(this.#sieve.again(delivery));
    return undefined;
  }

  markAlone(): void {
    // It came as a copy that says so already, and the pump begins none that was lost.
  }

  roomGrew(): void {
    this.intake.roomGrew();
  }

  appetite(): number {
    return this.intake.appetite;
  }

  arrived(message: ConsumeMessage, channel: ConsumerChannel): void {
    const delivery = this.#sieve.sift(message, channel);
    if (delivery !== undefined) this.intake.arrived(delivery);
  }

  nothingComes(): void {
    this.intake.nothingComes();
  }

  lost(channel: ConsumerChannel, reason: string): void {
    this.#buffer.takeAll();
    this.#returns.clear();
    this.#unsure.channelLost();
    for (const delivery of channel.drop()) {
      this.#noteReturn(delivery);
      delivery.lose(reason);
    }
    this.roomGrew();
  }

  originalComesAgain(nativeId: string): void {
    this.#unsure.expect(nativeId);
  }

  goesBack(delivery: RabbitMqDelivery): void {
    this.#noteReturn(delivery);
  }

  copiesWentOn(): void {
    this.roomGrew();
  }

  /** False while the broker would send it to us again at once. */
  get #mayGiveBack(): boolean {
    const consuming = (this.#parts.consumption()?.prefetch ?? 0) > 0;
    return !consuming || (!this.#stopping && this.intake.appetite > 0);
  }

  /** Called for each message. */
  #adjust(): void {
    const consumption = this.#parts.consumption();
    if (consumption === undefined || consumption.prefetch === this.intake.appetite) return;
    consumption.poke();
  }

  /** That it comes again, with so many starts, is our doing. */
  #noteReturn({ nativeId, count, begun }: RabbitMqDelivery): void {
    // What others have seen of it stays true.
    if (diedAlone(count)) return;
    if (this.#parts.receiver.ordered) return;
    this.#returned.note(nativeId, startsBefore(count) + (begun ? 1 : 0));
  }
}
