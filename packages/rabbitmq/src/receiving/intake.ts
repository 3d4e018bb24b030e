import {
  type Clock,
  type DeliveryPump,
  type ReceiverSettings,
  type Timer,
  headerNames,
} from '@busbar/core';
import { Caution } from './caution.ts';
import type { Copies } from './copies.ts';
import type { DeliveryBuffer } from './delivery-buffer.ts';
import type { RabbitMqDelivery } from './rabbitmq-delivery.ts';
import type { Returns } from './returns.ts';
import { type SuspectHolder, suspectTurns } from './suspect-turns.ts';

/** Innocent messages that are handled one by one before as many come as may: after a start, and after a suspect. */
const innocentsAfterStart = 1;
const innocentsAfterSuspect = 10;
/** For how long a suspect waits for other receivers of the process to give theirs back. */
const othersWithinMs = 1_000;

/** What an {@link Intake} works with. */
export interface IntakeParts {
  readonly receiver: ReceiverSettings;
  readonly clock: Clock;
  readonly pump: DeliveryPump<RabbitMqDelivery>;
  readonly buffer: DeliveryBuffer;
  readonly copies: Copies;
  readonly returns: Returns;
  /** The prefetch of the consumer that there is; 0 without one. */
  readonly consuming: () => number;
  /** {@link Intake.appetite} may have changed. Called for each message. */
  readonly changed: () => void;
}

/** What has arrived goes to the pump from here, and a suspect only when nothing else is held; how much is to arrive. */
export class Intake implements SuspectHolder {
  readonly #parts: IntakeParts;
  readonly #caution: Caution;
  /** It is handled alone or is the next to be: nothing else is to come. */
  #suspect: RabbitMqDelivery | undefined;
  /** It had to give its suspects back, and takes nothing until the other's turn is over. */
  #yields = false;
  #patience: Timer | undefined;
  #patient = true;
  /** The most that may be held. */
  prefetch = 1;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#caution = new Caution(parts.clock, parts.changed);
  }

  /** How much may be held at the moment. */
  get appetite(): number {
    const { pump, receiver, copies, consuming } = this.#parts;
    // An ordered queue is not left to others while one of its messages is here: what waits is held instead. And always as
    // many are, for of what comes back the broker puts the part that is given back once more behind the rest.
    if (receiver.ordered) return this.prefetch;
    if (copies.trouble !== undefined) return 0;
    if (pump.pausedBecause !== undefined || this.#yields) return 0;
    // A consumer that brings one at a time brings nothing beside it.
    if (this.#suspect !== undefined) return consuming() === 1 ? 1 : 0;
    return this.#caution.on ? 1 : this.prefetch;
  }

  get waitsWithSuspect(): boolean {
    const { buffer, copies } = this.#parts;
    if (this.#suspect !== undefined && !this.#suspect.pushed) return true;
    return copies.underWay > 0 || buffer.some(this.#isSuspect);
  }

  begin(): void {
    this.#caution.begin(innocentsAfterStart);
    suspectTurns.join(this);
  }

  end(): void {
    this.#caution.end();
    this.#endTurn();
    this.#suspect = undefined;
    this.#yields = false;
    suspectTurns.leave(this);
  }

  arrived(delivery: RabbitMqDelivery): void {
    const { buffer, pump, consuming, changed } = this.#parts;
    if (buffer.size === 0 && pump.room > 0 && !this.#isSuspect(delivery)) {
      this.#push(delivery);
      if (consuming() !== this.prefetch) changed();
      return;
    }
    buffer.push(delivery);
    if (this.#isSuspect(delivery)) this.#yieldToOthers();
    this.roomGrew();
  }

  roomGrew(): void {
    const { buffer, pump, changed } = this.#parts;
    while (buffer.size > 0 && pump.room > 0 && this.#mayPush(buffer.first)) {
      this.#push(buffer.shift() as RabbitMqDelivery);
    }
    if (this.#suspect !== undefined && this.#isOver(this.#suspect)) {
      this.#suspect = undefined;
      this.#endTurn();
    }
    if (this.#yields && !this.waitsWithSuspect) suspectTurns.gaveBack(this);
    changed();
  }

  /** Nothing comes any more, since there was no appetite. */
  nothingComes(): void {
    const { buffer, pump, returns } = this.#parts;
    const suspect = this.#suspect;
    this.#caution.begin(suspect === undefined ? innocentsAfterStart : innocentsAfterSuspect);
    const stays = pump.pausedBecause === undefined && !this.#yields ? suspect : undefined;
    returns.addAll(buffer.take((delivery) => delivery !== stays));
    returns.go();
    this.roomGrew();
  }

  /** Called before the broker hears of it, and sends the next one. */
  settling(delivery: RabbitMqDelivery): void {
    if (!this.#caution.on || delivery === this.#suspect) return;
    this.#caution.innocentHandled();
    this.#parts.changed();
  }

  turnsChanged(): void {
    if (!suspectTurns.isOthers(this)) this.#yields = false;
    else this.#yieldToOthers();
    this.roomGrew();
  }

  #yieldToOthers(): void {
    if (suspectTurns.isOthers(this) && this.waitsWithSuspect) this.#yields = true;
  }

  readonly #isSuspect = ({ deliveryCount }: RabbitMqDelivery): boolean =>
    deliveryCount > this.#parts.receiver.suspicionAfter;

  #mayPush(delivery: RabbitMqDelivery | undefined): boolean {
    if (delivery === undefined) return false;
    if (!this.#isSuspect(delivery)) return true;
    const { buffer, copies, consuming, pump, receiver } = this.#parts;
    if (receiver.ordered) {
      // Those of its key that came before it are handled before it.
      const key = delivery.headers[headerNames.partitionKey];
      return key === undefined || pump.takesKey(key);
    }
    // What is held while the process dies looks as guilty as what is handled.
    this.#suspect = delivery;
    const waiting = buffer.size - 1 + copies.underWay;
    return waiting === 0 && consuming() <= 1 && this.#hasTurn();
  }

  #hasTurn(): boolean {
    if (suspectTurns.take(this)) return true;
    if (suspectTurns.isOthers(this)) {
      this.#yields = true;
      return false;
    }
    // A broker that does not answer must not stop us.
    this.#patience ??= this.#parts.clock.setTimer(() => {
      this.#patient = false;
      this.roomGrew();
    }, othersWithinMs);
    return !this.#patient;
  }

  #endTurn(): void {
    this.#patience?.cancel();
    this.#patience = undefined;
    this.#patient = true;
    suspectTurns.end(this);
  }

  #push(delivery: RabbitMqDelivery): void {
    delivery.pushed = true;
    if (this.#isSuspect(delivery)) {
      this.#suspect = delivery;
      if (!this.#parts.receiver.ordered) this.#caution.begin(innocentsAfterSuspect);
    } else if (this.#caution.on) {
      this.#caution.innocentCame();
    }
    this.#parts.pump.push(delivery);
  }

  /** Whether nothing need be kept away for it any more. */
  #isOver({ pushed, ended, copying }: RabbitMqDelivery): boolean {
    return pushed ? this.#parts.pump.room > 0 : ended || copying;
  }
}
