import {
  BusbarError,
  type DispatchResult,
  HeldDelivery,
  type TransportOperation,
} from '@busbar/core';
import type { MessageRow } from './message-table.ts';
import { readHeaders } from './stored-headers.ts';
import type { QueueEntry } from './topology.ts';
import type { Transaction } from './writer.ts';

/** What a delivery needs beyond its row. */
export interface DeliveryHome {
  /** Settles the delivery and stores what it sends as one transaction. */
  settleWith(
    delivery: SqliteDelivery,
    operations: readonly TransportOperation[],
  ): Promise<readonly DispatchResult[]>;
  /** To be called in the transaction that removes the delivery, when nothing of it can fail any more. */
  noteSettled(delivery: SqliteDelivery, transaction: Transaction): void;
  /** Whether the lease may have run out by either clock. */
  isOverdue(delivery: SqliteDelivery): boolean;
  /** Renews at once a lease that is overdue, or calls `lose`. */
  rescue(delivery: SqliteDelivery): void;
}

/** How long a claim or a renewal holds, by both clocks. */
export interface LeaseEnd {
  /** As the file has it. */
  readonly wall: number;
  readonly monotonic: number;
}

/** A message that this process holds by a lease. */
export class SqliteDelivery extends HeldDelivery {
  readonly row: MessageRow;
  readonly from: QueueEntry;
  readonly lease: number;
  leaseEnd: LeaseEnd;
  readonly #home: DeliveryHome;
  #ended = false;

  constructor(
    row: MessageRow,
    body: Uint8Array,
    from: QueueEntry,
    lease: number,
    leaseEnd: LeaseEnd,
    home: DeliveryHome,
  ) {
    const init = {
      nativeId: String(row.seq),
      queue: from.name,
      body,
      deliveryCount: row.delivery_count,
      diedAlone: row.died_alone !== 0,
    };
    const { headers, problem } = readHeaders(row.headers);
    super(problem === undefined ? { ...init, headers } : { ...init, headers, poison: problem });
    this.row = row;
    this.from = from;
    this.lease = lease;
    this.leaseEnd = leaseEnd;
    this.#home = home;
  }

  get seq(): number {
    return this.row.seq;
  }

  /** Settled or given back: the lease means nothing any more. */
  get ended(): boolean {
    return this.#ended;
  }

  get home(): DeliveryHome {
    return this.#home;
  }

  /**
   * A process whose event loop stood still for longer than the lease learns of it here, before any timer of its own has
   * run: whoever asks before a commit gets the truth.
   */
  override get lost(): boolean {
    if (!super.lost && !this.#ended && this.#home.isOverdue(this)) this.#home.rescue(this);
    return super.lost;
  }

  /** As {@link SqliteDelivery.lost}, by what is known already. */
  get knownLost(): boolean {
    return super.lost;
  }

  end(): void {
    this.#ended = true;
  }

  override async settleWith(
    operations: readonly TransportOperation[],
  ): Promise<readonly DispatchResult[]> {
    if (this.lost) this.throwIfLost();
    if (this.#ended) throw this.gone('it has ended already');
    return this.#home.settleWith(this, operations);
  }

  gone(reason: string): BusbarError {
    return new BusbarError('DELIVERY_LOST', `Delivery ${this.nativeId} was lost: ${reason}.`, {
      details: { nativeId: this.nativeId, queue: this.queue },
    });
  }
}
