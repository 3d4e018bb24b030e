import { type Clock, type Logger, type Timer, asError } from '@busbar/core';
import type { MessageTable } from './message-table.ts';
import type { LeaseEnd, SqliteDelivery } from './sqlite-delivery.ts';
import type { Transaction, Writer } from './writer.ts';

/** How often a lease is looked at within its length; it is renewed when a third of it has passed. */
const looksPerLease = 6;

/** Renews the leases of all messages that this process holds, and tells those that could not be renewed. */
export class LeaseKeeper {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #leaseMs: number;
  readonly #messages: MessageTable;
  readonly #writer: Writer;
  readonly #held = new Set<SqliteDelivery>();
  #timer: Timer | undefined;
  #renewing = false;
  #renewed: SqliteDelivery[] = [];
  #gone: SqliteDelivery[] = [];
  #newEnd: LeaseEnd | undefined;
  #nextRenewal = 0;
  /** No lease that we hold ends before, by the wall clock. */
  #earliestEnd = 0;

  constructor(
    clock: Clock,
    logger: Logger,
    leaseMs: number,
    messages: MessageTable,
    writer: Writer,
  ) {
    this.#clock = clock;
    this.#logger = logger;
    this.#leaseMs = leaseMs;
    this.#messages = messages;
    this.#writer = writer;
  }

  /** The end of a lease that begins in this transaction. */
  endFrom(transaction: Transaction): LeaseEnd {
    return {
      wall: transaction.now + this.#leaseMs,
      monotonic: this.#clock.monotonic() + this.#leaseMs,
    };
  }

  hold(delivery: SqliteDelivery): void {
    if (this.#held.size === 0) {
      this.#nextRenewal = this.#clock.monotonic() + this.#leaseMs / 3;
      this.#earliestEnd = delivery.leaseEnd.wall;
    }
    this.#held.add(delivery);
    this.#arm();
  }

  /** Settled, given back or lost. */
  drop(delivery: SqliteDelivery): void {
    this.#held.delete(delivery);
  }

  isOverdue({ leaseEnd }: SqliteDelivery): boolean {
    // The monotonic clock stands still while a machine sleeps, the other one may be set.
    return this.#clock.monotonic() >= leaseEnd.monotonic || this.#clock.now() >= leaseEnd.wall;
  }

  rescue(delivery: SqliteDelivery): void {
    let kept = false;
    try {
      this.#writer.runNow((transaction) => {
        const end = this.endFrom(transaction);
        kept = this.#messages.renew(delivery, end.wall);
        if (kept) delivery.leaseEnd = end;
      });
    } catch (error) {
      this.#logger.warn({ err: asError(error) }, 'A lease that had run out could not be renewed');
    }
    if (!kept) this.#lose(delivery);
  }

  /**
   * Renews in whatever transaction comes by once it is time, and before anything is claimed in it: else a process that
   * stood still, or whose wall clock was set ahead, would take its own messages for abandoned ones.
   */
  renewIfDue(transaction: Transaction): void {
    const { now } = transaction;
    if (this.#held.size === 0 || this.#newEnd !== undefined) return;
    if (this.#clock.monotonic() < this.#nextRenewal && now < this.#earliestEnd) return;
    this.#newEnd = this.endFrom(transaction);
    const old = this.#newEnd.monotonic - this.#leaseMs / 3;
    for (const delivery of this.#held) {
      if (delivery.leaseEnd.monotonic > old && delivery.leaseEnd.wall > now) continue;
      if (this.#messages.renew(delivery, this.#newEnd.wall)) this.#renewed.push(delivery);
      else this.#gone.push(delivery);
    }
  }

  committed(): void {
    const end = this.#newEnd;
    if (end === undefined) return;
    this.#newEnd = undefined;
    this.#nextRenewal = end.monotonic - (this.#leaseMs * 5) / 6;
    this.#earliestEnd = end.wall - this.#leaseMs / 3;
    for (const delivery of this.#renewed.splice(0)) delivery.leaseEnd = end;
    // Handlers may listen to the signal and run at once, so not before the transaction has ended.
    for (const delivery of this.#gone.splice(0)) if (!delivery.ended) this.#lose(delivery);
  }

  undone(): void {
    this.#newEnd = undefined;
    this.#renewed = [];
    this.#gone = [];
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (const delivery of this.#held) delivery.lose('the connection was closed');
    this.#held.clear();
  }

  #lose(delivery: SqliteDelivery): void {
    this.#held.delete(delivery);
    delivery.lose(
      'its lease ran out before it could be renewed, and the message was given to others',
    );
  }

  #arm(): void {
    this.#timer ??= this.#clock.setTimer(() => {
      this.#timer = undefined;
      if (this.#held.size === 0) return;
      this.#look();
      this.#arm();
    }, this.#leaseMs / looksPerLease);
  }

  #look(): void {
    for (const delivery of this.#held) if (this.isOverdue(delivery)) this.rescue(delivery);
    if (this.#renewing || this.#clock.monotonic() < this.#nextRenewal) return;
    this.#renewing = true;
    // Every transaction renews what is due; this makes sure that there is one.
    this.#writer
      .submit((transaction) => this.renewIfDue(transaction), false)
      .catch((error: unknown) => {
        this.#logger.warn({ err: asError(error) }, 'Leases could not be renewed; tried again soon');
      })
      .finally(() => {
        this.#renewing = false;
      });
  }
}
