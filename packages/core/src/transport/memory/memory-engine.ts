import { BusbarError } from '../../errors.ts';
import type { Headers } from '../../headers.ts';
import type { Clock } from '../../time/clock.ts';
import type { DispatchResult, TransportOperation } from '../operations.ts';
import type { QueueDefinition } from '../transport.ts';
import { type DelayedMessage, DelayedMessages } from './delayed-messages.ts';
import { MemoryMessage } from './memory-message.ts';
import { type Consumer, MemoryQueue } from './memory-queue.ts';
import { UnusedQueues } from './unused-queues.ts';

/** Where a due message goes whose queue is gone; it is made when the first one comes. */
export const undeliverableQueue = 'busbar.undeliverable';

/** Who dispatches. */
export interface MemorySender {
  readonly clock: Clock;
  /**
   * Stores all, or nothing when one cannot be stored; then the others are `confirmed` all the same.
   *
   * @param received The body of the delivery that is settled with it; see `Delivery.settleWith`.
   */
  dispatchAllOrNone(
    operations: readonly TransportOperation[],
    received: Uint8Array,
  ): readonly DispatchResult[];
}

/** The inside of a `MemoryBroker`: queues, subscriptions, delayed messages. */
export class MemoryEngine {
  readonly queues = new Map<string, MemoryQueue>();
  readonly #removed = new Map<string, MemoryQueue>();
  readonly #subscribers = new Map<string, Set<MemoryQueue>>();
  readonly #delayed = new Map<Clock, DelayedMessages>();
  readonly #unused = new UnusedQueues((queue) => this.remove(queue));
  #sequence = 0;
  #idleWaiters: (() => void)[] = [];

  get idle(): boolean {
    for (const queue of this.queues.values()) if (!queue.idle) return false;
    return true;
  }

  get nextDueAt(): number | undefined {
    let next: number | undefined;
    for (const delayed of this.#delayed.values()) {
      const due = delayed.nextDueAt;
      if (due !== undefined && (next === undefined || due < next)) next = due;
    }
    return next;
  }

  whenIdle(): Promise<void> {
    if (this.idle) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  checkIdle(): void {
    if (this.#idleWaiters.length === 0 || !this.idle) return;
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }

  /** @throws BusbarError MISSING_QUEUE */
  queue(name: string): MemoryQueue {
    const queue = this.queues.get(name);
    if (queue !== undefined) return queue;
    throw new BusbarError('MISSING_QUEUE', `The queue "${name}" does not exist.`, {
      details: { queue: name },
    });
  }

  provision(definition: QueueDefinition, clock: Clock): MemoryQueue {
    const { name, expiresUnusedMs } = definition;
    let queue = this.queues.get(name);
    if (queue === undefined) {
      // The same object as before, so that receivers of a queue that was removed go on.
      queue = this.#removed.get(name) ?? new MemoryQueue(name, this);
      queue.removed = false;
      this.#removed.delete(name);
      this.queues.set(name, queue);
      if (expiresUnusedMs !== undefined) this.#unused.watch(name, expiresUnusedMs, clock);
    }
    return queue;
  }

  remove(name: string): void {
    const queue = this.queues.get(name);
    if (queue === undefined) return;
    this.queues.delete(name);
    if (queue.consumed) this.#removed.set(name, queue);
    for (const subscribers of this.#subscribers.values()) subscribers.delete(queue);
    queue.discard();
  }

  attach(queue: MemoryQueue, consumer: Consumer): void {
    this.#unused.used(queue.name);
    queue.attach(consumer);
  }

  detach(queue: MemoryQueue, consumer: Consumer): void {
    queue.detach(consumer);
    if (!queue.consumed) this.#unused.unused(queue.name);
  }

  subscribe(queue: MemoryQueue, topic: string): void {
    const subscribers = this.#subscribers.get(topic);
    if (subscribers === undefined) this.#subscribers.set(topic, new Set([queue]));
    else subscribers.add(queue);
  }

  unsubscribe(queue: MemoryQueue, topic: string): void {
    this.#subscribers.get(topic)?.delete(queue);
  }

  topicsOf(queue: MemoryQueue): readonly string[] {
    const topics = [...this.#subscribers].filter(([, subscribers]) => subscribers.has(queue));
    return topics.map(([topic]) => topic).toSorted();
  }

  /** The queues that get a copy, each once. */
  subscribersOf(topics: readonly string[]): Iterable<MemoryQueue> {
    const [first] = topics;
    if (topics.length === 1 && first !== undefined) return this.#subscribers.get(first) ?? [];
    return new Set(topics.flatMap((topic) => [...(this.#subscribers.get(topic) ?? [])]));
  }

  /** Puts one copy into a queue, and returns its id. `headers` belong to the broker from now on. */
  store(
    queue: MemoryQueue,
    headers: Headers,
    body: Uint8Array,
    partitionKey: string | undefined,
  ): string {
    const message = new MemoryMessage(this.#next(), headers, body, partitionKey);
    queue.add(message);
    return message.nativeId;
  }

  /** As {@link MemoryEngine.store}, at `dueAt` by `clock`. */
  storeLater(
    queue: MemoryQueue,
    headers: Headers,
    body: Uint8Array,
    partitionKey: string | undefined,
    dueAt: number,
    clock: Clock,
  ): string {
    const sequence = this.#next();
    const message = new MemoryMessage(sequence, headers, body, partitionKey);
    queue.delayed += 1;
    this.#delayedBy(clock).add({ dueAt, sequence, queue, message });
    return message.nativeId;
  }

  /** A message as if a foreign sender had garbled it. */
  poison(): MemoryMessage {
    const body = new Uint8Array([0xff, 0xfe, 0x00]);
    return new MemoryMessage(this.#next(), {}, body, undefined, 'its headers could not be read');
  }

  #next(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  #delayedBy(clock: Clock): DelayedMessages {
    let delayed = this.#delayed.get(clock);
    if (delayed === undefined) {
      delayed = new DelayedMessages(clock, (due) => this.#deliver(due, clock));
      this.#delayed.set(clock, delayed);
    }
    return delayed;
  }

  #deliver({ queue, message }: DelayedMessage, clock: Clock): void {
    queue.delayed -= 1;
    message.sequence = this.#next();
    const existing = queue.removed ? this.queues.get(queue.name) : queue;
    (existing ?? this.provision({ name: undeliverableQueue }, clock)).add(message);
  }
}
