import { describe, expect, test } from 'vitest';
import {
  memoryCapabilities,
  memoryTransport,
} from '../../../src/transport/memory/memory-transport.ts';
import { MemoryBroker } from '../../../src/transport/memory/memory-broker.ts';
import { connectMemory, connectTo, receive, toQueue } from './support.ts';
import { ManualClock } from '../../support/manual-clock.ts';

describe('a memory transport', () => {
  test('should say where it goes', () => {
    expect(memoryTransport()).toMatchObject({ name: 'memory', address: 'memory:' });
    expect(memoryTransport({ name: 'shop' }).address).toBe('memory:shop');
  });

  test('should meet others of its name, and nobody else', async () => {
    const queue = 'memory-transport-test';
    const named = await connectTo(MemoryBroker.named('meeting'), new ManualClock());
    await named.queues.provision([{ name: queue }]);
    const other = await connectTo(new MemoryBroker(), new ManualClock());
    expect(await named.queues.missing([queue])).toEqual([]);
    expect(await other.queues.missing([queue])).toEqual([queue]);
  });

  test('should imitate the limits of a stricter broker', async () => {
    const limits = { maxBodyBytes: 100, maxDelayMs: 1_000 };
    expect(memoryTransport(limits).capabilities).toEqual({ ...memoryCapabilities, ...limits });
    const { connection } = await connectMemory(limits);
    await connection.queues.provision([{ name: 'orders' }]);
    const message = { headers: {}, body: new Uint8Array(101) };
    const results = await connection.dispatch([
      toQueue('orders', { message }),
      toQueue('orders', { deliverAt: 1_001 }),
      toQueue('orders', { deliverAt: 1_000 }),
    ]);
    expect(results).toMatchObject([
      { outcome: 'undeliverable', reason: 'The body has 101 bytes, the limit is 100.' },
      { outcome: 'undeliverable', reason: expect.stringContaining('the limit is 1000 ms') },
      { outcome: 'confirmed' },
    ]);
  });

  test('should never run a handler inside the call that sent its message', async () => {
    const { connection } = await connectMemory();
    await connection.queues.provision([{ name: 'orders' }]);
    let inside = true;
    const seen = Promise.withResolvers<boolean>();
    await receive(connection, 'orders', async () => {
      seen.resolve(inside);
      return 'settle';
    });
    const dispatched = connection.dispatch([toQueue('orders')]);
    inside = false;
    await dispatched;
    expect(await seen.promise).toBe(false);
  });

  test('should let the event loop turn for a sender in a loop', async () => {
    const { connection } = await connectMemory();
    await connection.queues.provision([{ name: 'orders' }]);
    let turned = false;
    setImmediate(() => (turned = true));
    for (let sent = 0; sent < 1_000; sent += 1) await connection.dispatch([toQueue('orders')]);
    expect(turned).toBe(true);
  });

  test('should refuse to start a receiver twice', async () => {
    const { connection } = await connectMemory();
    await connection.queues.provision([{ name: 'orders' }]);
    const receiver = await receive(connection, 'orders', async () => 'settle');
    const again = receiver.start(
      async () => 'settle',
      async () => ({ action: 'release' }),
    );
    await expect(again).rejects.toMatchObject({ code: 'ALREADY_STARTED' });
  });

  test('should stop its receivers when it is closed', async () => {
    const { connection } = await connectMemory();
    await connection.queues.provision([{ name: 'orders' }]);
    const receiver = await receive(connection, 'orders', async () => 'settle');
    await connection.close();
    expect(receiver.health().receiving).toBe(false);
    expect(connection.health()).toEqual({ connected: false });
  });
});
