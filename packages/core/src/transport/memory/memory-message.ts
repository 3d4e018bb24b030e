import { BusbarError } from '../../errors.ts';
import type { Headers } from '../../headers.ts';
import { HeldDelivery } from '../held-delivery.ts';
import type { DispatchResult, TransportOperation } from '../operations.ts';
import type { MemorySender } from './memory-engine.ts';
import type { MemoryQueue } from './memory-queue.ts';

/** One copy of a message in one queue. */
export class MemoryMessage {
  readonly nativeId: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly partitionKey: string | undefined;
  /** Why it cannot be read. */
  readonly poison: string | undefined;
  /** Its place in the queue; a delayed message gets a new one when it is due. */
  sequence: number;
  deliveryCount = 0;
  /** The delivery that owns it now. Every other one was lost. */
  holder: MemoryDelivery | undefined = undefined;

  constructor(
    sequence: number,
    headers: Headers,
    body: Uint8Array,
    partitionKey: string | undefined,
    poison?: string,
  ) {
    this.poison = poison;
    this.sequence = sequence;
    this.nativeId = `m${sequence}`;
    this.headers = headers;
    this.body = body;
    this.partitionKey = partitionKey;
  }
}

/** A message in the hands of one receiver. */
export class MemoryDelivery extends HeldDelivery {
  readonly message: MemoryMessage;
  readonly from: MemoryQueue;
  readonly #sender: MemorySender;

  constructor(message: MemoryMessage, from: MemoryQueue, sender: MemorySender) {
    super({
      nativeId: message.nativeId,
      queue: from.name,
      headers: message.headers,
      body: message.body,
      deliveryCount: message.deliveryCount,
      ...(message.poison === undefined ? {} : { poison: unreadable(message, message.poison) }),
    });
    this.message = message;
    this.from = from;
    this.#sender = sender;
  }

  /** @throws BusbarError DELIVERY_LOST unless this delivery still owns its message. */
  checkHold(): void {
    this.throwIfLost();
    if (this.message.holder === this) return;
    throw new BusbarError('DELIVERY_LOST', `Delivery ${this.nativeId} has ended already.`, {
      details: { nativeId: this.nativeId, queue: this.queue },
    });
  }

  override async settleWith(
    operations: readonly TransportOperation[],
  ): Promise<readonly DispatchResult[]> {
    this.checkHold();
    const results = this.#sender.dispatchAllOrNone(operations, this.body);
    if (results.every((result) => result.outcome === 'confirmed')) this.from.settle(this);
    return results;
  }
}

function unreadable({ nativeId }: MemoryMessage, why: string): BusbarError {
  return new BusbarError('UNDECODABLE', `Message ${nativeId} is unreadable: ${why}.`, {
    details: { nativeId },
  });
}
