import type { Delivery } from '../delivery.ts';
import { keepEngine } from './broker-engines.ts';
import { MemoryEngine } from './memory-engine.ts';
import { MemoryDelivery } from './memory-message.ts';

const named = new Map<string, MemoryBroker>();

/**
 * The queues, topics and delayed messages of one process. Endpoints meet when their transports share a broker; a broker
 * of one's own keeps a test apart from all others.
 */
export class MemoryBroker {
  readonly #engine = new MemoryEngine();

  constructor() {
    keepEngine(this, this.#engine);
  }

  /** The broker of the process with this name, as `memory:NAME` means it; made when first asked for. */
  static named(name: string): MemoryBroker {
    let broker = named.get(name);
    if (broker === undefined) {
      broker = new MemoryBroker();
      named.set(name, broker);
    }
    return broker;
  }

  /** True while nothing is in flight and nothing is ready in a queue that has a started receiver. */
  get idle(): boolean {
    return this.#engine.idle;
  }

  /**
   * The wall-clock milliseconds at which the next delayed message is due, undefined when none waits. To advance a
   * replaced clock to.
   */
  get nextDueAt(): number | undefined {
    return this.#engine.nextDueAt;
  }

  /**
   * Resolves when {@link MemoryBroker.idle} is true. Delayed messages do not count, nor does what waits in a queue that
   * nobody receives; a message in a receiver that backs off does.
   */
  settled(): Promise<void> {
    return this.#engine.whenIdle();
  }

  /**
   * Removes a queue with its messages and subscriptions, as an operator would. Delayed messages that find it gone when
   * they are due go to `busbar.undeliverable`. A receiver of it goes on when the queue is provisioned again.
   */
  removeQueue(name: string): void {
    this.#engine.remove(name);
  }

  /** Puts a message into a queue that nobody can read, to see what becomes of it. For tests. */
  injectPoison(queue: string): void {
    this.#engine.queue(queue).add(this.#engine.poison());
  }

  /** Takes a running delivery away from its receiver, as an expired lock would; the message comes again. For tests. */
  loseHold(delivery: Delivery): void {
    if (!(delivery instanceof MemoryDelivery)) return;
    delivery.lose('it was taken away');
    delivery.from.release(delivery, true);
  }
}
