import { Deque } from './deque.ts';
import type { MemoryEngine, MemorySender } from './memory-engine.ts';
import { MemoryDelivery, type MemoryMessage } from './memory-message.ts';

/** A started receiver, as a queue sees it. */
export interface Consumer {
  /** How many more deliveries it takes now. */
  readonly room: number;
  /** For what is sent together with settling. */
  readonly sender: MemorySender;
  accept(delivery: MemoryDelivery): void;
}

/** A key of which one message is held, or comes next. */
interface Turn {
  /** The only message of the key that may be delivered. */
  next: MemoryMessage;
  readonly behind: Deque<MemoryMessage>;
}

/**
 * Messages in order, and who takes them. Of a partition key one message is out at a time, over all receivers, whether
 * the queue is to be ordered or not: a receiver that held others behind it could hold nothing of other keys.
 */
export class MemoryQueue {
  readonly name: string;
  /** Messages that are on their way here but not due. */
  delayed = 0;
  removed = false;
  readonly #engine: MemoryEngine;
  readonly #ready = new Deque<MemoryMessage>();
  readonly #turns = new Map<string, Turn>();
  #behindTurns = 0;
  #held = 0;
  #consumers: Consumer[] = [];
  #nextConsumer = 0;
  #waking = false;

  constructor(name: string, engine: MemoryEngine) {
    this.name = name;
    this.#engine = engine;
  }

  /** Messages that are neither delayed nor held. */
  get ready(): number {
    return this.#ready.size + this.#behindTurns;
  }

  get held(): number {
    return this.#held;
  }

  get consumed(): boolean {
    return this.#consumers.length > 0;
  }

  /** Nothing is held, and nobody is about to take more. */
  get idle(): boolean {
    return this.#held === 0 && (this.#consumers.length === 0 || this.ready === 0);
  }

  add(message: MemoryMessage): void {
    this.#ready.push(message);
    this.#wake();
  }

  attach(consumer: Consumer): void {
    this.#consumers.push(consumer);
    this.#wake();
  }

  detach(consumer: Consumer): void {
    this.#consumers = this.#consumers.filter((other) => other !== consumer);
    if (this.idle) this.#engine.checkIdle();
  }

  /** Hands out what `consumer` has room for. */
  feed(consumer: Consumer): void {
    while (this.#ready.size > 0 && consumer.room > 0) {
      const message = this.#take();
      if (message === undefined) return;
      consumer.accept(this.#hold(message, consumer));
    }
  }

  /** @throws BusbarError DELIVERY_LOST */
  settle(delivery: MemoryDelivery): void {
    delivery.checkHold();
    this.#letGo(delivery);
    if (this.#turns.size > 0) this.#endTurn(delivery.message);
    if (this.idle) this.#engine.checkIdle();
  }

  release(delivery: MemoryDelivery, begun: boolean): void {
    const { message } = delivery;
    if (message.holder !== delivery) return;
    this.#letGo(delivery);
    if (!begun) message.deliveryCount -= 1;
    if (this.removed) this.#endTurn(message);
    else this.#ready.insert(message, inOrder);
    if (this.idle) this.#engine.checkIdle();
    else this.#wake();
  }

  *stored(): Generator<MemoryMessage, void, undefined> {
    const behind = [...this.#turns.values()].flatMap((turn) => [...turn.behind]);
    yield* behind.length === 0 ? this.#ready : [...this.#ready, ...behind].sort(bySequence);
  }

  /** Takes ready messages out, for operations. */
  remove(nativeIds: ReadonlySet<string>): MemoryMessage[] {
    const matches = (message: MemoryMessage): boolean => nativeIds.has(message.nativeId);
    const removed = this.#ready.removeAll(matches);
    for (const turn of this.#turns.values()) {
      const behind = turn.behind.removeAll(matches);
      this.#behindTurns -= behind.length;
      removed.push(...behind);
    }
    // A turn whose next message was taken out passes on.
    for (const message of removed) this.#endTurn(message);
    if (this.idle) this.#engine.checkIdle();
    return removed.sort(bySequence);
  }

  /** Drops what is stored. What is held is dropped when it is given back. */
  discard(): void {
    this.remove(new Set([...this.stored()].map((message) => message.nativeId)));
    this.removed = true;
    this.#engine.checkIdle();
  }

  /** Later, so that a handler never runs inside the call that sent its message. */
  #wake(): void {
    if (this.#waking || this.#consumers.length === 0) return;
    this.#waking = true;
    queueMicrotask(this.#feedAll);
  }

  readonly #feedAll = (): void => {
    this.#waking = false;
    let full = 0;
    // One at a time and in rotation, so that competing consumers share the work.
    while (this.#ready.size > 0 && full < this.#consumers.length) {
      this.#nextConsumer = (this.#nextConsumer + 1) % this.#consumers.length;
      const consumer = this.#consumers[this.#nextConsumer] as Consumer;
      const message = consumer.room > 0 ? this.#take() : undefined;
      if (message === undefined) {
        full += 1;
      } else {
        full = 0;
        consumer.accept(this.#hold(message, consumer));
      }
    }
  };

  #hold(message: MemoryMessage, consumer: Consumer): MemoryDelivery {
    message.deliveryCount += 1;
    this.#held += 1;
    const delivery = new MemoryDelivery(message, this, consumer.sender);
    message.holder = delivery;
    return delivery;
  }

  #letGo(delivery: MemoryDelivery): void {
    delivery.message.holder = undefined;
    this.#held -= 1;
  }

  /** The first message that may be delivered now; those whose key is taken are put behind its turn. */
  #take(): MemoryMessage | undefined {
    for (;;) {
      const message = this.#ready.shift();
      if (message === undefined || message.partitionKey === undefined) return message;
      const turn = this.#turns.get(message.partitionKey);
      if (turn === undefined) {
        this.#turns.set(message.partitionKey, { next: message, behind: new Deque() });
        return message;
      }
      if (turn.next === message) return message;
      turn.behind.push(message);
      this.#behindTurns += 1;
    }
  }

  #endTurn(message: MemoryMessage): void {
    if (message.partitionKey === undefined) return;
    const turn = this.#turns.get(message.partitionKey);
    if (turn === undefined || turn.next !== message) return;
    const next = turn.behind.shift();
    if (next === undefined) {
      this.#turns.delete(message.partitionKey);
      return;
    }
    this.#behindTurns -= 1;
    turn.next = next;
    this.#ready.insert(next, inOrder);
    this.#wake();
  }
}

function inOrder(message: MemoryMessage, other: MemoryMessage): boolean {
  return message.sequence < other.sequence;
}

function bySequence(one: MemoryMessage, other: MemoryMessage): number {
  return one.sequence - other.sequence;
}
