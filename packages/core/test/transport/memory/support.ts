import { silentLogger } from '../../../src/observability/logger.ts';
import type { Clock } from '../../../src/time/clock.ts';
import type { OnMessage } from '../../../src/transport/delivery.ts';
import { MemoryBroker } from '../../../src/transport/memory/memory-broker.ts';
import {
  type MemoryTransportOptions,
  memoryTransport,
} from '../../../src/transport/memory/memory-transport.ts';
import type { TransportOperation } from '../../../src/transport/operations.ts';
import type { Receiver, TransportConnection } from '../../../src/transport/transport.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** A broker of one's own with one connection to it. */
export interface MemoryParts {
  readonly broker: MemoryBroker;
  readonly connection: TransportConnection;
  readonly clock: ManualClock;
}

export async function connectMemory(options: MemoryTransportOptions = {}): Promise<MemoryParts> {
  const broker = options.broker ?? new MemoryBroker();
  const clock = new ManualClock();
  const connection = await connectTo(broker, clock, options);
  return { broker, connection, clock };
}

export function connectTo(
  broker: MemoryBroker,
  clock: Clock,
  options: MemoryTransportOptions = {},
): Promise<TransportConnection> {
  return memoryTransport({ ...options, broker }).connect({
    endpoint: 'test',
    instance: 'test-1',
    clock,
    logger: silentLogger,
    onCritical: (error) => {
      throw error;
    },
  });
}

export function toQueue(queue: string, more: Partial<TransportOperation> = {}): TransportOperation {
  return {
    message: { headers: { 'busbar-message-id': queue }, body: new Uint8Array([1]) },
    destination: { kind: 'queue', queue },
    ...more,
  };
}

export async function receive(
  connection: TransportConnection,
  queue: string,
  onMessage: OnMessage,
): Promise<Receiver> {
  const receiver = connection.createReceiver({
    queue,
    concurrency: 4,
    suspicionAfter: 5,
    ordered: false,
  });
  await receiver.start(onMessage, async () => ({ action: 'release' }));
  return receiver;
}

/** Whether a promise has resolved by now. */
export async function resolved(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}
