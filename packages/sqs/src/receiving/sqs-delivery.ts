import type { Message } from '@aws-sdk/client-sqs';
import { type Clock, HeldDelivery, type HeldDeliveryInit, headerNames } from '@busbar/core';
import { type GuardCount, deliveriesOf } from './guard-count.ts';

/** From when on and until when a message is held, by the monotonic clock. */
export interface Hold {
  readonly since: number;
  readonly deadline: number;
}

/** One message while it is held: until its visibility timeout passes, which renewals put off. */
export class SqsDelivery extends HeldDelivery {
  override readonly native: Message;
  readonly receiptHandle: string;
  readonly guard: GuardCount;
  /** The key whose messages keep their order. */
  readonly lane: string | undefined;
  /** Since when it is held, by the monotonic clock. */
  readonly since: number;
  /** Until when it is certainly ours, by the monotonic clock. */
  deadline: number;
  /** It is held for as long as SQS lets it be. */
  atLimit = false;
  /** Its handler is done; it only waits to be deleted. */
  handled = false;
  readonly #clock: Clock;

  constructor(
    init: Omit<HeldDeliveryInit, 'deliveryCount' | 'diedAlone'> & { readonly native: Message },
    guard: GuardCount,
    diedAlone: boolean,
    { since, deadline }: Hold,
    clock: Clock,
  ) {
    super({ ...init, deliveryCount: deliveriesOf(guard), diedAlone });
    this.native = init.native;
    this.receiptHandle = init.native.ReceiptHandle ?? '';
    this.guard = guard;
    this.lane = init.headers[headerNames.partitionKey];
    this.since = since;
    this.deadline = deadline;
    this.#clock = clock;
  }

  /** Asked before anything is done for good, so a process that stood still notices before its timers do. */
  override get lost(): boolean {
    if (!super.lost && this.overdue) this.lose('its visibility timeout has passed');
    return super.lost;
  }

  /** Somebody else may have it by now. */
  get overdue(): boolean {
    return this.#clock.monotonic() >= this.deadline;
  }
}
