import type { TransportOperation } from '@busbar/core';
import { memoryPersistence } from '@busbar/core';
import { expect, test } from 'vitest';
import { HeldDelivery } from '../src/transport/held-delivery.ts';
import { ManualClock } from './support/manual-clock.ts';

const claim = { limit: 10, graceMs: 1_000, leaseMs: 5_000 };

const toQueue = (partitionKey?: string): TransportOperation => ({
  message: { headers: {}, body: new Uint8Array(1) },
  destination: { kind: 'queue', queue: 'out' },
  ...(partitionKey === undefined ? {} : { partitionKey }),
});

async function setUp() {
  const clock = new ManualClock();
  await clock.advance(10_000_000);
  const persistence = memoryPersistence();
  const connection = await persistence.connect({ endpoint: 'e', clock } as never);
  const begin = async () => {
    const id = 'message';
    const delivery = new HeldDelivery({
      nativeId: id,
      queue: 'in',
      headers: {},
      body: new Uint8Array(0),
    });
    const opened = await connection.open({ messageId: id, headers: {}, delivery, outbox: true });
    if (opened.state !== 'new') throw new Error(`the message is ${opened.state}`);
    return opened.session;
  };
  return { clock, persistence, begin, outbox: connection.outbox };
}

test('should drain a key whose holder is slower than its lease', async () => {
  const { clock, begin, outbox } = await setUp();
  await (await begin()).commit({ operations: [toQueue('x'), toQueue('x')], sagas: [] });
  const lane = await outbox.claimLane({ ...claim, key: 'x' });
  await clock.advance(5_001);
  await outbox.settleLane(lane as never, 2, 0);
  expect(await outbox.backlog()).toEqual({ waiting: 0, oldestMs: 0 });
});

test.each(['committed', 'claimed', 'resting'])(
  'should hand out what was %s before the clock was set back, and tell of it',
  async (state) => {
    const { clock, begin, outbox } = await setUp();
    const operations = [toQueue(), toQueue('x'), toQueue('x')];
    const { record } = await (await begin()).commit({ operations, sagas: [] });
    if (state !== 'committed') {
      await clock.advance(1_001);
      expect(await outbox.claim(claim)).toHaveLength(1);
      const lane = await outbox.claimLane(claim);
      if (state === 'resting') {
        await outbox.keep(record as string, [toQueue()], 60_000);
        await outbox.settleLane(lane as never, 1, 60_000);
      }
    }
    await clock.advance(-1_000);
    expect(await outbox.claim(claim)).toEqual([]);
    expect(await outbox.claimLane(claim)).toBeUndefined();
    await clock.advance(-3_600_000);
    const { waiting, oldestMs } = await outbox.backlog();
    expect(waiting).toBe(state === 'resting' ? 2 : 3);
    expect(oldestMs).toBeGreaterThan(3_500_000);
    expect(await outbox.claim(claim)).toMatchObject([{ record }]);
    expect((await outbox.claimLane(claim))?.key).toBe('x');
    expect(await outbox.claim(claim)).toEqual([]);
    expect(await outbox.claimLane({ ...claim, key: 'x' })).toBeUndefined();
  },
);

test.each(['abandon', 'rollback'] as const)('should commit nothing after %s', async (end) => {
  const { persistence, begin, outbox } = await setUp();
  const session = await begin();
  session.storage.set('a', 1);
  await session[end]?.();
  session.storage.set('b', 1);
  await expect(session.commit({ operations: [toQueue()], sagas: [] })).rejects.toMatchObject({
    code: 'TRANSACTION_ENDED',
  });
  expect([...persistence.committed]).toEqual([]);
  expect(await outbox.backlog()).toEqual({ waiting: 0, oldestMs: 0 });
  // The message is as new.
  await (await begin()).commit({ operations: [], sagas: [] });
});
