import { MinHeap } from '../clock/min-heap.ts';
import type { BrokerMessage } from './broker-message.ts';
import type { MemoryBudget } from './memory-budget.ts';

/** What a message weighs beside its bytes: the objects that hold it. */
const overhead = 512;

export function weight(bytes: number): number {
  return bytes + overhead;
}

/** The messages of one mailbox in the order of their sequence numbers, and which of them can be received. */
export class MessageBuffer {
  readonly #budget: MemoryBudget;
  /** In order, as numbers only grow. */
  readonly #messages = new Map<number, BrokerMessage>();
  /** By session; one lane, named '', without sessions. */
  readonly #lanes = new Map<string, MinHeap<BrokerMessage>>();
  readonly #laneOf: (message: BrokerMessage) => string;
  #nextSequenceNumber = 1;

  constructor(budget: MemoryBudget, laneOf: (message: BrokerMessage) => string) {
    this.#budget = budget;
    this.#laneOf = laneOf;
  }

  get size(): number {
    return this.#messages.size;
  }

  takeSequenceNumber(): number {
    return this.#nextSequenceNumber++;
  }

  add(message: BrokerMessage): void {
    this.#messages.set(message.sequenceNumber, message);
    this.#budget.add(weight(message.content.size));
  }

  remove(message: BrokerMessage): void {
    if (!this.#messages.delete(message.sequenceNumber)) return;
    this.#budget.add(-weight(message.content.size));
  }

  get(sequenceNumber: number): BrokerMessage | undefined {
    return this.#messages.get(sequenceNumber);
  }

  has(message: BrokerMessage): boolean {
    return this.#messages.get(message.sequenceNumber) === message;
  }

  all(): Iterable<BrokerMessage> {
    return this.#messages.values();
  }

  makeReady(message: BrokerMessage): void {
    if (message.ready) return;
    message.ready = true;
    const lane = this.#laneOf(message);
    let heap = this.#lanes.get(lane);
    if (heap === undefined) {
      heap = new MinHeap((each) => each.sequenceNumber);
      this.#lanes.set(lane, heap);
    }
    heap.push(message);
  }

  /** The next message of a lane, without taking it. */
  peekReady(lane: string): BrokerMessage | undefined {
    const heap = this.#lanes.get(lane);
    if (heap === undefined) return undefined;
    for (let message = heap.peek(); message !== undefined; message = heap.peek()) {
      if (message.state === 'active' && this.has(message)) return message;
      // Removed where it lay, which is cheaper than to dig it out then.
      heap.pop();
      message.ready = false;
    }
    this.#lanes.delete(lane);
    return undefined;
  }

  takeReady(lane: string): BrokerMessage | undefined {
    const message = this.peekReady(lane);
    if (message === undefined) return undefined;
    this.#lanes.get(lane)?.pop();
    message.ready = false;
    return message;
  }

  lanes(): string[] {
    return [...this.#lanes.keys()];
  }
}
