import { DatabaseSync } from 'node:sqlite';
import type { Delivery, StorageSession, TransportOperation } from '@busbar/core';
import type { SqliteStorage } from '@busbar/sqlite';
import { expect, test, vi } from 'vitest';
import { type TestConnection, connect, connectInside, receive } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { type TestPersistence, nothing, open, openNew, persist } from './support/persist.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { until, within } from './support/within.ts';

vi.setConfig({ testTimeout: 60_000 });

type Session = Required<StorageSession<SqliteStorage>>;

/** Transport and persistence in one file, with the table `t`. */
async function setUp() {
  const file = temporaryFile();
  // Another lease than the persistence would choose: it takes the transport's store as it is.
  const transport = await connect({ file: file.path, leaseMs: 20_000 });
  await transport.queues.provision([{ name: 'in' }, { name: 'out' }]);
  const persistence = await persist({ file: file.path }, { transport });
  const database = new DatabaseSync(file.path);
  database.exec('PRAGMA busy_timeout = 5000; CREATE TABLE t (value TEXT UNIQUE)');
  return {
    file,
    transport,
    persistence,
    database,
    /** What became of everything, seen from outside. */
    state: () => ({
      values: database
        .prepare('SELECT value FROM t ORDER BY value')
        .all()
        .map(({ value }) => value),
      queues: queued(database),
      handled: database.prepare('SELECT count(*) AS n FROM busbar_handled').get()?.['n'],
      outbox: database.prepare('SELECT count(*) AS n FROM busbar_outbox').get()?.['n'],
    }),
    [Symbol.asyncDispose]: async () => {
      database.close();
      await transport.close();
      await persistence.close();
      file[Symbol.dispose]();
    },
  };
}

function queued(database: DatabaseSync): Record<string, number> {
  const rows = database
    .prepare(
      `SELECT name, count(seq) AS n FROM busbar_queues
       LEFT JOIN busbar_messages ON queue_id = busbar_queues.id GROUP BY name`,
    )
    .all();
  return Object.fromEntries(rows.map(({ name, n }) => [name as string, n as number]));
}

/** Handles one message by `handle`; the receiver has settled unless `handle` does. */
async function handleOne(
  transport: TestConnection,
  persistence: TestPersistence,
  handle: (session: Session, delivery: Delivery) => Promise<void>,
): Promise<void> {
  const done = Promise.withResolvers<void>();
  const receiver = await receive(transport, 'in', async ({ delivery }) => {
    const session = (await openNew(persistence, 'message', delivery)) as Session;
    try {
      await handle(session, delivery);
      done.resolve();
    } catch (error) {
      done.reject(error);
    }
    return 'settled';
  });
  await transport.dispatch([toQueue('in')]);
  try {
    await within(done.promise, 'the message');
  } finally {
    await receiver.stop(AbortSignal.timeout(1_000));
  }
}

const insert = "INSERT INTO t (value) VALUES ('written')";
const message = (partitionKey?: string): TransportOperation =>
  toQueue('out', { id: 'sent', ...(partitionKey === undefined ? {} : { partitionKey }) });

test('should write data, sagas and messages, and settle, with one wait for the disk', async () => {
  await using file = await temporary();
  const { connection, file: inside } = await connectInside({ file: file.path });
  await using _ = connection;
  await connection.queues.provision([{ name: 'in' }, { name: 'out' }]);
  await using persistence = await persist({ file: file.path }, { transport: connection });
  const database = new DatabaseSync(file.path);
  database.exec('PRAGMA busy_timeout = 5000; CREATE TABLE t (value TEXT)');
  const begun: boolean[] = [];
  const begin = inside.begin.bind(inside);
  const saga = { type: 'T', id: '1', correlation: 'c', version: 1, state: '{}' };
  await handleOne(connection, persistence, async (session) => {
    session.storage.run(insert);
    inside.begin = (durable, patient) => {
      begun.push(durable);
      begin(durable, patient);
    };
    const changes = { operations: [message(), message('key')], sagas: [{ kind: 'insert', saga }] };
    expect(await session.commitAndDispatch(changes as never)).toMatchObject([
      { outcome: 'confirmed' },
      { outcome: 'confirmed' },
    ]);
    expect(begun).toEqual([true]);
  });
  expect(queued(database)).toEqual({ in: 0, out: 2 });
  expect(database.prepare('SELECT * FROM t').all()).toHaveLength(1);
  expect(database.prepare('SELECT * FROM busbar_sagas').all()).toHaveLength(1);
  expect((await open(persistence, 'message')).state).toBe('dispatched');
  database.close();
});

test('should do nothing of it when one message cannot be delivered', async () => {
  await using store = await setUp();
  await handleOne(store.transport, store.persistence, async (session, delivery) => {
    session.storage.run(insert);
    const changes = { operations: [message(), toQueue('missing')], sagas: [] };
    expect(await session.commitAndDispatch(changes)).toMatchObject([
      { outcome: 'confirmed' },
      { outcome: 'undeliverable', reason: expect.stringContaining('missing') },
    ]);
    expect(store.state()).toEqual({ values: [], queues: { in: 1, out: 0 }, handled: 0, outbox: 0 });
    expect(delivery.lost).toBe(false);
    const again = (await openNew(store.persistence, 'message', delivery)) as Session;
    await again.commitAndDispatch({ operations: [message()], sagas: [] });
  });
  expect(store.state()).toEqual({ values: [], queues: { in: 0, out: 1 }, handled: 1, outbox: 0 });
});

const failures: Record<
  string,
  readonly [
    (session: Session, store: Awaited<ReturnType<typeof setUp>>) => unknown,
    string | RegExp,
  ]
> = {
  'the delivery is lost': [
    (_session, { database }) => database.exec('UPDATE busbar_messages SET lease = 1'),
    'DELIVERY_LOST',
  ],
  'another attempt has committed': [
    async (_session, { persistence }) =>
      (await openNew(persistence, 'message')).commit({ operations: [], sagas: [] }),
    'OUTBOX_CONFLICT',
  ],
  'the data breaks a constraint': [
    (session, { database }) => {
      database.exec("INSERT INTO t VALUES ('taken')");
      session.storage.run("INSERT INTO t VALUES ('taken')");
    },
    /UNIQUE/,
  ],
};

test.each(Object.entries(failures))(
  'should do nothing of it when %s',
  async (_, [fail, reason]) => {
    await using store = await setUp();
    const neighbours = await Promise.all(
      [1, 2].map(async (number) => {
        const session = (await store.persistence.begin()) as Session;
        session.storage.run('INSERT INTO t VALUES (?)', `neighbour ${number}`);
        return session;
      }),
    );
    await handleOne(store.transport, store.persistence, async (session, delivery) => {
      session.storage.run(insert);
      await fail(session, store);
      const before = store.state();
      const outcomes = await Promise.allSettled([
        neighbours[0]?.commitAndDispatch({ operations: [message()], sagas: [] }),
        session.commitAndDispatch({ operations: [message()], sagas: [] }),
        neighbours[1]?.commitAndDispatch({ operations: [message()], sagas: [] }),
      ]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      const [, failed] = outcomes as PromiseRejectedResult[];
      expect(failed?.reason).toMatchObject(
        typeof reason === 'string' ? { code: reason } : { message: expect.stringMatching(reason) },
      );
      expect(delivery.lost).toBe(reason === 'DELIVERY_LOST');
      expect(store.state()).toEqual({
        ...before,
        values: ['neighbour 1', 'neighbour 2', ...before.values],
        queues: { in: 1, out: 2 },
      });
    });
  },
);

test('should settle a message that is not recorded, too', async () => {
  await using store = await setUp();
  // Left by a time with an outbox: nobody would send what is put behind it now.
  const before = await store.persistence.begin();
  await before.commit({ operations: [message('key')], sagas: [] });
  const done = Promise.withResolvers<void>();
  await receive(store.transport, 'in', async ({ delivery }) => {
    const opened = await open(store.persistence, 'message', delivery, false);
    if (opened.state !== 'new') throw new Error(opened.state);
    opened.session.storage.run(insert);
    await (opened.session as Session).commitAndDispatch({
      operations: [message('key')],
      sagas: [],
    });
    done.resolve();
    return 'settled';
  });
  await store.transport.dispatch([toQueue('in')]);
  await within(done.promise, 'the message');
  expect(store.state()).toEqual({
    values: ['written'],
    queues: { in: 0, out: 1 },
    handled: 0,
    outbox: 0,
  });
});

test('should not let a message overtake those of its key that wait in the outbox', async () => {
  await using store = await setUp();
  const { persistence } = store;
  const first = await persistence.begin();
  await first.commit({ operations: [message('key')], sagas: [] });
  const second = (await persistence.begin()) as Session;
  const operations = [message('key'), message('other')];
  expect(await second.commitAndDispatch({ operations, sagas: [] })).toMatchObject([
    { outcome: 'confirmed' },
    { outcome: 'confirmed' },
  ]);
  expect(store.state().queues).toEqual({ in: 0, out: 1 });
  const lane = await persistence.outbox.claimLane({
    key: 'key',
    limit: 9,
    graceMs: 0,
    leaseMs: 1e4,
  });
  expect(lane?.operations).toEqual([message('key'), message('key')]);
});

test('should hand back the store when both have closed, in any order', async () => {
  await using store = await setUp();
  await store.transport.close();
  const session = await openNew(store.persistence, 'late');
  session.storage.run(insert);
  await session.commit(nothing);
  expect(store.state().values).toEqual(['written']);
  const holders = () => store.database.prepare('SELECT count(*) AS n FROM busbar_holders').get();
  expect(holders()).toEqual({ n: 1 });
  await store.persistence.close();
  await store.persistence.close();
  await until(() => holders()?.['n'] === 0, 'the process has signed off');
  await expect(openNew(store.persistence, 'later')).rejects.toMatchObject({
    code: 'PERSISTENCE_UNAVAILABLE',
  });
});

test('should not take a file for the same because its transport is of the same kind', async () => {
  await using store = await setUp();
  using file = temporaryFile();
  await using apart = await persist({ file: file.path }, { transport: store.transport });
  const session = await apart.begin();
  expect(session.commitAndDispatch).toBeUndefined();
  await session.rollback();
});

async function temporary() {
  const file = temporaryFile();
  return { path: file.path, [Symbol.asyncDispose]: async () => file[Symbol.dispose]() };
}
