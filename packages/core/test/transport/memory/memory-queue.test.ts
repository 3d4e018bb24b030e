import { describe, expect, test } from 'vitest';
import { headerNames } from '../../../src/headers.ts';
import type { OnMessage } from '../../../src/transport/delivery.ts';
import type { TransportOperation } from '../../../src/transport/operations.ts';
import { type MemoryParts, connectMemory } from './support.ts';

function keyed(id: string, key: string): TransportOperation {
  return {
    message: { headers: { [headerNames.messageId]: id }, body: new Uint8Array() },
    destination: { kind: 'queue', queue: 'orders' },
    partitionKey: key,
  };
}

async function start({ connection }: MemoryParts, onMessage: OnMessage): Promise<void> {
  const receiver = connection.createReceiver({
    queue: 'orders',
    concurrency: 4,
    suspicionAfter: 5,
    ordered: true,
  });
  await receiver.start(onMessage, async () => ({ action: 'release' }));
}

async function withOneHeld(): Promise<
  MemoryParts & { handled: string[]; door: PromiseWithResolvers<'settle'> }
> {
  const parts = await connectMemory();
  await parts.connection.queues.provision([{ name: 'orders', ordered: true }]);
  const handled: string[] = [];
  const door = Promise.withResolvers<'settle'>();
  const entered = Promise.withResolvers<void>();
  await start(parts, ({ headers }) => {
    handled.push(headers[headerNames.messageId] ?? '');
    entered.resolve();
    return handled.length === 1 ? door.promise : Promise.resolve('settle');
  });
  await parts.connection.dispatch(['one', 'two', 'three'].map((id) => keyed(id, 'key')));
  await entered.promise;
  return { ...parts, handled, door };
}

describe('an ordered memory queue', () => {
  test('should count and show what waits behind a key', async () => {
    const { connection, door, broker } = await withOneHeld();
    expect(await connection.queues.list()).toEqual([
      { name: 'orders', ready: 2, delayed: 0, inFlight: 1 },
    ]);
    const shown = await connection.queues.peek('orders', 10);
    expect(shown.map(({ headers }) => headers[headerNames.messageId])).toEqual(['two', 'three']);
    expect(broker.idle).toBe(false);
    door.resolve('settle');
    await broker.settled();
  });

  test('should bring a key on when the message behind it was moved away', async () => {
    const { connection, handled, door, broker } = await withOneHeld();
    await connection.queues.provision([{ name: 'elsewhere' }]);
    const [two] = await connection.queues.peek('orders', 1);
    const nativeIds = [two?.nativeId ?? ''];
    await connection.queues.move({ from: 'orders', to: 'elsewhere', nativeIds });
    door.resolve('settle');
    await broker.settled();
    expect(handled).toEqual(['one', 'three']);
  });

  test('should free its keys when it is removed with a message held', async () => {
    const { connection, handled, door, broker } = await withOneHeld();
    broker.removeQueue('orders');
    door.reject(new Error('on purpose'));
    await broker.settled();
    await new Promise((resolve) => setImmediate(resolve));
    await connection.queues.provision([{ name: 'orders', ordered: true }]);
    await connection.dispatch([keyed('four', 'key')]);
    await broker.settled();
    expect(handled).toEqual(['one', 'four']);
  });
});
