import { DatabaseSync } from 'node:sqlite';
import type { TransportOperation } from '@busbar/core';
import { expect, test, vi } from 'vitest';
import { Child } from './support/child.ts';
import { toQueue } from './support/messages.ts';
import { nothing, open, openNew, persist, type TestPersistence } from './support/persist.ts';
import { ShiftedClock } from './support/shifted-clock.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { until } from './support/within.ts';

vi.setConfig({ testTimeout: 60_000 });

const claim = { limit: 10, graceMs: 1_000, leaseMs: 5_000 };
const never = new AbortController().signal;

async function commit(
  persistence: TestPersistence,
  messageId: string,
  operations: readonly TransportOperation[],
): Promise<string | undefined> {
  const session = await openNew(persistence, messageId);
  return (await session.commit({ operations, sagas: [] })).record;
}

async function setUp(keepDeduplication: '7d' | number = '7d') {
  const file = temporaryFile();
  const clock = new ShiftedClock();
  const options = { file: file.path, keepDeduplication };
  const persistence = await persist(options, { clock });
  const other = await persist({ ...options, busyTimeoutMs: 9_000 }, { clock });
  return {
    clock,
    file,
    persistence,
    /** As another process has it: it shares nothing with the first one but the file. */
    other,
    query: (sql: string) => {
      const database = new DatabaseSync(file.path, { readOnly: true });
      const rows = database.prepare(sql).all();
      database.close();
      return rows;
    },
    [Symbol.asyncDispose]: async () => {
      await persistence.close();
      await other.close();
      file[Symbol.dispose]();
    },
  };
}

test('should know a message by its state, for its own endpoint and in every process', async () => {
  await using store = await setUp();
  const { persistence, other, clock, file } = store;
  const operations = [toQueue('out', { id: 'a', body: new Uint8Array([0, 255]) })];
  const record = await commit(persistence, 'one', operations);
  expect(await open(other, 'one')).toEqual({ state: 'stored', record, operations });
  await using foreign = await persist({ file: file.path }, { clock, endpoint: 'foreign' });
  expect((await open(foreign, 'one')).state).toBe('new');
  persistence.outbox.markDispatched(record as string);
  expect((await open(persistence, 'one')).state).toBe('dispatched');
  await persistence.close();
  expect((await open(other, 'one')).state).toBe('dispatched');
  expect(await commit(other, 'two', [])).toBeUndefined();
  expect((await open(other, 'two')).state).toBe('dispatched');
  expect((await open(other, 'one', undefined, false)).state).toBe('new');
});

test('should let one of several attempts at a message commit', async () => {
  await using store = await setUp();
  const sessions = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      openNew(index % 2 === 0 ? store.persistence : store.other, 'one'),
    ),
  );
  const outcomes = await Promise.allSettled(
    sessions.map((session, index) =>
      session.commit({ operations: [toQueue('out', { id: `${index}` })], sagas: [] }),
    ),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') {
      expect(outcome.reason).toMatchObject({ code: 'OUTBOX_CONFLICT' });
    }
  }
  expect(store.query('SELECT count(*) AS rows FROM busbar_outbox')).toEqual([{ rows: 1 }]);
});

test('should hand out a record that nobody sends once, after the grace and again after the lease', async () => {
  await using store = await setUp();
  const { persistence, other, clock } = store;
  const records = [
    await commit(persistence, 'one', [toQueue('out', { id: 'a' })]),
    await commit(persistence, 'two', [toQueue('out', { id: 'b' }), toQueue('out', { id: 'c' })]),
  ];
  expect(await persistence.outbox.claim(claim)).toEqual([]);
  clock.advance(1_001);
  const claimed = await Promise.all(
    [persistence, other, persistence, other].map(({ outbox }) =>
      outbox.claim({ ...claim, limit: 1 }),
    ),
  );
  expect(
    claimed
      .flat()
      .map(({ record }) => record)
      .sort(),
  ).toEqual(records);
  expect(await other.outbox.claim(claim)).toEqual([]);
  clock.advance(5_001);
  expect(await other.outbox.claim(claim)).toHaveLength(2);
  const rest = [toQueue('out', { id: 'c' })];
  await other.outbox.keep(records[1] as string, rest, 100);
  other.outbox.markDispatched(records[0] as string);
  expect(await other.outbox.claim(claim)).toEqual([]);
  clock.advance(101);
  expect(await persistence.outbox.claim(claim)).toEqual([{ record: records[1], operations: rest }]);
  await persistence.outbox.keep(records[1] as string, [], 0);
  expect((await open(other, 'two')).state).toBe('dispatched');
});

test('should give a key to one at a time, in the order of the commits', async () => {
  await using store = await setUp();
  const { persistence, other, clock } = store;
  const idsOf = (operations: readonly TransportOperation[] = []) =>
    operations.map(({ message }) => message.headers['busbar-message-id']);
  await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      commit(index % 2 === 0 ? persistence : other, `${index}`, [
        toQueue('out', { id: `x${index}`, partitionKey: 'x' }),
        toQueue('out', { id: `y${index}`, partitionKey: 'y' }),
      ]),
    ),
  );
  const order = store
    .query(
      "SELECT operation ->> '$[0].headers.busbar-message-id' AS id FROM busbar_outbox_lanes WHERE key = 'x' ORDER BY seq",
    )
    .map(({ id }) => id);
  expect(order).toHaveLength(6);
  const x = await persistence.outbox.claimLane({ ...claim, key: 'x', limit: 4 });
  expect(idsOf(x?.operations)).toEqual(order.slice(0, 4));
  expect(await other.outbox.claimLane({ ...claim, key: 'x' })).toBeUndefined();
  expect(await other.outbox.claimLane(claim)).toBeUndefined();
  clock.advance(1_001);
  const y = await other.outbox.claimLane(claim);
  expect(y?.key).toBe('y');
  await other.outbox.settleLane(y as never, 6, 0);
  await persistence.outbox.settleLane(x as never, 3, 50);
  expect(await other.outbox.claimLane({ ...claim, key: 'x' })).toBeUndefined();
  expect(await other.outbox.backlog()).toMatchObject({ waiting: 3 });
  clock.advance(51);
  const again = await other.outbox.claimLane(claim);
  expect(idsOf(again?.operations)).toEqual(order.slice(3));
  clock.advance(5_001);
  const last = await persistence.outbox.claimLane({ ...claim, key: 'x' });
  // The lease has passed, and the lane is somebody else's.
  await other.outbox.settleLane(again as never, 3, 0);
  expect(idsOf(last?.operations)).toEqual(order.slice(3));
  await persistence.outbox.settleLane(last as never, 3, 0);
  expect(await persistence.outbox.backlog()).toEqual({ waiting: 0, oldestMs: 0 });
  expect(store.query('SELECT * FROM busbar_outbox_keys')).toEqual([]);
});

test('should drain a key whose holder is slower than its lease, as long as nobody else takes it', async () => {
  await using store = await setUp();
  const { persistence, clock } = store;
  const keyed = { partitionKey: 'x' };
  await commit(persistence, 'one', [toQueue('out', keyed), toQueue('out', keyed)]);
  const lane = await persistence.outbox.claimLane({ ...claim, key: 'x' });
  clock.advance(5_001);
  await persistence.outbox.settleLane(lane as never, 1, 0);
  expect(await persistence.outbox.backlog()).toMatchObject({ waiting: 1 });
  const last = await persistence.outbox.claimLane({ ...claim, key: 'x' });
  expect(last?.operations).toHaveLength(1);
  clock.advance(5_001);
  await persistence.outbox.settleLane(last as never, 1, 0);
  expect(await persistence.outbox.backlog()).toEqual({ waiting: 0, oldestMs: 0 });
});

test.each(['committed', 'claimed', 'resting'])(
  'should hand out what was %s before the clock was set back, and tell of it',
  async (state) => {
    await using store = await setUp();
    const { persistence, other, clock } = store;
    const keyed = { partitionKey: 'x' };
    const operations = [toQueue('out'), toQueue('out', keyed), toQueue('out', keyed)];
    const record = (await commit(persistence, 'one', operations)) as string;
    if (state !== 'committed') {
      clock.advance(1_001);
      expect(await persistence.outbox.claim(claim)).toHaveLength(1);
      const lane = await persistence.outbox.claimLane(claim);
      if (state === 'resting') {
        await persistence.outbox.keep(record, [toQueue('out')], 60_000);
        await persistence.outbox.settleLane(lane as never, 1, 60_000);
      }
    }
    clock.advance(-1_000);
    expect(await other.outbox.claim(claim)).toEqual([]);
    expect(await other.outbox.claimLane(claim)).toBeUndefined();
    clock.advance(-3_600_000);
    const { waiting, oldestMs } = await other.outbox.backlog();
    expect(waiting).toBe(state === 'resting' ? 2 : 3);
    expect(oldestMs).toBeGreaterThan(3_500_000);
    expect(await other.outbox.claim(claim)).toMatchObject([{ record }]);
    expect((await other.outbox.claimLane(claim))?.key).toBe('x');
    // It is held as ever now.
    expect(await persistence.outbox.claim(claim)).toEqual([]);
    expect(await persistence.outbox.claimLane(claim)).toBeUndefined();
    expect(await persistence.outbox.claimLane({ ...claim, key: 'x' })).toBeUndefined();
    clock.advance(-3_600_000);
    expect((await persistence.outbox.claimLane({ ...claim, key: 'x' }))?.key).toBe('x');
  },
);

test('should go on with other records and keys where a row cannot be read', async () => {
  await using store = await setUp();
  const { persistence, clock, file } = store;
  await commit(persistence, 'bad', [toQueue('out'), toQueue('out', { partitionKey: 'bad' })]);
  await commit(persistence, 'good', [toQueue('out'), toQueue('out', { partitionKey: 'good' })]);
  const database = new DatabaseSync(file.path);
  database.exec("UPDATE busbar_outbox SET operations = '{' WHERE seq = 1");
  database.exec("UPDATE busbar_outbox_lanes SET operation = '[7]' WHERE key = 'bad'");
  database.close();
  clock.advance(1_001);
  expect(await persistence.outbox.claim(claim)).toMatchObject([{ record: '2' }]);
  const lanes = [
    await persistence.outbox.claimLane(claim),
    await persistence.outbox.claimLane(claim),
  ];
  expect(lanes.map((lane) => lane?.key)).toEqual([undefined, 'good']);
  await expect(open(persistence, 'bad')).rejects.toMatchObject({ code: 'UNDECODABLE' });
});

test('should forget what was handled long ago, but nothing that is still to be sent', async () => {
  await using store = await setUp(60_000);
  const { persistence, other, clock } = store;
  const count = 450;
  const handled = Array.from({ length: count }, (_, index) =>
    commit(persistence, `old-${index}`, []),
  );
  await Promise.all(handled);
  const record = await commit(persistence, 'unsent', [toQueue('out')]);
  expect(await other.outbox.forget(never)).toBe(0);
  clock.advance(60_001);
  await commit(persistence, 'young', []);
  await using foreign = await persist({ file: store.file.path }, { clock, endpoint: 'foreign' });
  await commit(foreign, 'old-1', []);
  expect(await other.outbox.forget(AbortSignal.abort())).toBe(0);
  expect(await other.outbox.forget(never)).toBe(count);
  expect((await open(other, 'unsent')).state).toBe('stored');
  expect((await open(other, 'young')).state).toBe('dispatched');
  expect((await open(foreign, 'old-1')).state).toBe('dispatched');
  expect((await open(other, 'old-1')).state).toBe('new');
  persistence.outbox.markDispatched(record as string);
  await persistence.close();
  expect(await other.outbox.forget(never)).toBe(1);
});

test('should keep sagas by type, and let one of two changes win', async () => {
  await using store = await setUp();
  const { persistence, other } = store;
  const saga = { type: 'T', id: '1', correlation: 'c', version: 1, state: '{"ключ":"\u{1f600}"}' };
  const insert = await openNew(persistence, 'one');
  await insert.commit({ operations: [], sagas: [{ kind: 'insert', saga }] });
  const [a, b] = [await openNew(persistence, 'two'), await openNew(other, 'three')];
  const byCorrelation = { type: 'T', by: 'correlation', value: 'c', lock: true } as const;
  expect(await a.findSaga(byCorrelation)).toEqual(saga);
  expect(await b.findSaga({ type: 'T', by: 'id', value: '1', lock: false })).toEqual(saga);
  expect(await b.findSaga({ ...byCorrelation, type: 'U' })).toBeUndefined();
  const update = { kind: 'update', saga: { ...saga, version: 2, state: '2' } } as const;
  const outcomes = await Promise.allSettled([
    a.commit({ operations: [], sagas: [update] }),
    b.commit({ operations: [toQueue('out')], sagas: [update] }),
  ]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const lost = outcomes.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
  expect(lost.reason).toMatchObject({ code: 'SAGA_CONFLICT' });
  const loser = outcomes[0].status === 'rejected' ? 'two' : 'three';
  expect((await open(persistence, loser)).state).toBe('new');
  const twin = await openNew(other, 'four');
  await expect(
    twin.commit({ operations: [], sagas: [{ kind: 'insert', saga: { ...saga, id: '2' } }] }),
  ).rejects.toMatchObject({ code: 'SAGA_CONFLICT' });
  const removing = await openNew(other, 'five');
  await removing.commit({
    operations: [],
    sagas: [
      { kind: 'remove', saga: update.saga },
      { kind: 'insert', saga: { ...saga, id: '2' } },
    ],
  });
  expect((await removing.findSaga(byCorrelation))?.id).toBe('2');
});

test('should commit a transaction that no message caused, and note nothing where there is nothing', async () => {
  await using store = await setUp();
  const session = await store.persistence.begin();
  const { record } = await session.commit({ operations: [toQueue('out', { id: 'a' })], sagas: [] });
  store.clock.advance(1_001);
  expect(await store.other.outbox.claim(claim)).toMatchObject([{ record }]);
  const empty = await store.persistence.begin();
  expect(await empty.commit(nothing)).toEqual({ record: undefined });
  expect('commitAndDispatch' in empty && empty.commitAndDispatch !== undefined).toBe(false);
});

test('should free what a process had claimed soon after it died, and when it closes', async () => {
  await using store = await setUp();
  const { persistence, other, file } = store;
  const eternal = { limit: 10, graceMs: 0, leaseMs: 1e9 };
  await commit(persistence, 'one', [toQueue('out'), toQueue('out', { partitionKey: 'key' })]);
  await using child = new Child('claimer', file.path);
  expect((await child.report('claimed')).value).toEqual({ records: 1, lane: 'key' });
  expect(await other.outbox.claim(eternal)).toEqual([]);
  await child.kill();
  let records: readonly unknown[] = [];
  await until(async () => {
    records = await other.outbox.claim(eternal);
    return records.length > 0;
  }, 'the record is free');
  expect(records).toHaveLength(1);
  expect((await other.outbox.claimLane(eternal))?.key).toBe('key');
  await other.close();
  expect(await persistence.outbox.claim(eternal)).toHaveLength(1);
  expect((await persistence.outbox.claimLane(eternal))?.key).toBe('key');
});
