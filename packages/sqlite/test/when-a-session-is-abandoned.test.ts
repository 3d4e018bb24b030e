import { DatabaseSync } from 'node:sqlite';
import type { Delivery, StorageSession } from '@busbar/core';
import type { SqliteStorage } from '@busbar/sqlite';
import { expect, test, vi } from 'vitest';
import { connect, receive } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { openNew, persist } from './support/persist.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { within } from './support/within.ts';

vi.setConfig({ testTimeout: 60_000 });

type Session = Required<StorageSession<SqliteStorage>>;

/** A handler that hangs with a session that has read and collected, for a message of the same file. */
async function setUp() {
  const file = temporaryFile();
  const transport = await connect({ file: file.path });
  await transport.queues.provision([{ name: 'in' }, { name: 'out' }]);
  const persistence = await persist({ file: file.path }, { transport });
  const database = new DatabaseSync(file.path);
  database.exec("CREATE TABLE t (value TEXT); INSERT INTO t VALUES ('before')");
  const begun = Promise.withResolvers<{ session: Session; delivery: Delivery }>();
  const end = Promise.withResolvers<void>();
  const receiver = await receive(transport, 'in', async ({ delivery }) => {
    const session = (await openNew(persistence, 'message', delivery)) as Session;
    session.storage.all('SELECT * FROM t');
    session.storage.run("INSERT INTO t VALUES ('late')");
    begun.resolve({ session, delivery });
    await end.promise;
    return 'released';
  });
  await transport.dispatch([toQueue('in')]);
  const { session, delivery } = await within(begun.promise, 'the handler');
  const count = (table: string) =>
    database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.['n'];
  return {
    session,
    delivery,
    receiver,
    persistence,
    database,
    state: () => ({
      values: count('t'),
      messages: count('busbar_messages'),
      handled: count('busbar_handled'),
      outbox: count('busbar_outbox'),
    }),
    [Symbol.asyncDispose]: async () => {
      end.resolve();
      database.close();
      await transport.close();
      await persistence.close();
      file[Symbol.dispose]();
    },
  };
}

const changes = { operations: [toQueue('out')], sagas: [] };
const untouched = { values: 1, messages: 1, handled: 0, outbox: 0 };

test.each(['commit', 'commitAndDispatch'] as const)(
  'should do nothing in a %s of an abandoned session, whose storage refuses',
  async (commit) => {
    await using store = await setUp();
    const { session } = store;
    await session.abandon();
    expect(() => session.storage.get('SELECT * FROM t')).toThrow(/TRANSACTION_ENDED/);
    expect(() => session.storage.run('DELETE FROM t')).toThrow(/TRANSACTION_ENDED/);
    expect(() => session.storage.write(() => {})).toThrow(/TRANSACTION_ENDED/);
    await expect(session[commit](changes)).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' });
    await session.rollback();
    expect(store.state()).toEqual(untouched);
    // The next attempt finds the message new.
    const next = await openNew(store.persistence, 'message');
    await next.commit({ operations: [], sagas: [] });
  },
);

test.each(['commit', 'commitAndDispatch'] as const)(
  'should do nothing in a %s that has not begun to write when the session is abandoned',
  async (commit) => {
    await using store = await setUp();
    const committing = store.session[commit](changes);
    await Promise.all([
      expect(committing).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' }),
      store.session.abandon(),
    ]);
    expect(store.state()).toEqual(untouched);
  },
);

test.each(['commit', 'commitAndDispatch'] as const)(
  'should do nothing in a %s after the deadline of the stop has given the message back',
  async (commit) => {
    await using store = await setUp();
    await store.receiver.stop(AbortSignal.abort());
    await expect(store.session[commit](changes)).rejects.toMatchObject({ code: 'DELIVERY_LOST' });
    expect(store.state()).toEqual(untouched);
  },
);

test('should hold nothing of the file while its handler hangs, abandoned or not', async () => {
  await using store = await setUp();
  const { database, session } = store;
  const useAlone = () => {
    // Whatever is locked is an error at once, and an open read keeps the log from being emptied.
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE; UPDATE t SET value = 1; COMMIT');
    expect(database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()).toMatchObject({ busy: 0 });
  };
  useAlone();
  await session.abandon();
  useAlone();
  expect(store.state()).toEqual(untouched);
});
