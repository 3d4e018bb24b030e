import { BusbarError } from '../../errors.ts';
import type { OnError, OnMessage } from '../delivery.ts';
import { DeliveryPump } from '../delivery-pump.ts';
import type { DeliverySource } from '../delivery-source.ts';
import type { Receiver, ReceiverHealth, ReceiverSettings, TransportHost } from '../transport.ts';
import type { MemoryEngine, MemorySender } from './memory-engine.ts';
import type { MemoryDelivery } from './memory-message.ts';
import type { Consumer, MemoryQueue } from './memory-queue.ts';

const longestIntervalMs = 2 ** 31 - 1;

/** Takes from one queue while it is started. */
export class MemoryReceiver implements Receiver, Consumer, DeliverySource<MemoryDelivery> {
  readonly queue: string;
  readonly sender: MemorySender;
  readonly #engine: MemoryEngine;
  readonly #pump: DeliveryPump<MemoryDelivery>;
  #from: MemoryQueue | undefined;
  #stopped: Promise<void> = Promise.resolve();
  #keepAlive: NodeJS.Timeout | undefined;

  constructor(
    engine: MemoryEngine,
    sender: MemorySender,
    host: TransportHost,
    settings: ReceiverSettings,
  ) {
    this.queue = settings.queue;
    this.sender = sender;
    this.#engine = engine;
    this.#pump = new DeliveryPump({ ...settings, ...pick(host), source: this });
  }

  get room(): number {
    return this.#pump.room;
  }

  async start(onMessage: OnMessage, onError: OnError): Promise<void> {
    await this.#stopped;
    if (this.#from !== undefined) {
      throw new BusbarError('ALREADY_STARTED', `The receiver of "${this.queue}" is started.`, {
        help: 'Stop it before it is started again.',
      });
    }
    const queue = this.#engine.queue(this.queue);
    // As a connection to a broker would, a receiver keeps the process alive until it is stopped.
    this.#keepAlive = setInterval(() => {}, longestIntervalMs);
    this.#pump.start(onMessage, onError);
    this.#from = queue;
    this.#engine.attach(queue, this);
  }

  changeConcurrency(concurrency: number): void {
    this.#pump.changeConcurrency(concurrency);
  }

  stop(signal: AbortSignal): Promise<void> {
    if (this.#from !== undefined) this.#engine.detach(this.#from, this);
    this.#from = undefined;
    const keepAlive = this.#keepAlive;
    this.#stopped = this.#pump.stop(signal).finally(() => clearInterval(keepAlive));
    return this.#stopped;
  }

  health(): ReceiverHealth {
    const paused =
      this.#from?.removed === true ? 'the queue was removed' : this.#pump.pausedBecause;
    return this.#pump.health(this.queue, paused);
  }

  accept(delivery: MemoryDelivery): void {
    this.#pump.push(delivery);
  }

  settle(delivery: MemoryDelivery): void {
    delivery.from.settle(delivery);
  }

  release(delivery: MemoryDelivery, begun: boolean): void {
    delivery.from.release(delivery, begun);
  }

  /** Nothing to note: messages do not outlive the process. */
  markAlone(): void {}

  roomGrew(): void {
    this.#from?.feed(this);
  }
}

function pick({
  clock,
  logger,
  onCritical,
}: TransportHost): Omit<TransportHost, 'endpoint' | 'instance'> {
  return { clock, logger, onCritical };
}
