import { renameSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { PersistenceConnection } from '@busbar/core';
import type { SqliteStorage } from '@busbar/sqlite';
import { expect, test, vi } from 'vitest';
import { connectInside } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { nothing, open, openNew, persist } from './support/persist.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { until } from './support/within.ts';

vi.setConfig({ testTimeout: 60_000 });

async function failureOf(
  persistence: PersistenceConnection<SqliteStorage>,
  work: Promise<unknown>,
): Promise<Error> {
  const error = await work.then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown as Error,
  );
  expect(error).toMatchObject({ code: 'PERSISTENCE_UNAVAILABLE' });
  expect(persistence.isOutage?.(error)).toBe(true);
  return error;
}

test('should say that another process holds the lock, keep the message, and go on by itself', async () => {
  using file = temporaryFile();
  await using persistence = await persist({ file: file.path, busyTimeoutMs: 50 });
  const database = new DatabaseSync(file.path);
  database.exec('CREATE TABLE t (value TEXT)');
  database.exec('BEGIN IMMEDIATE');
  const session = await openNew(persistence, 'one');
  session.storage.run("INSERT INTO t VALUES ('one')");
  const error = await failureOf(persistence, session.commit(nothing));
  expect(error.message).toContain(`${file.path} is locked by another process`);
  expect(persistence.health?.().problem).toContain('is locked by another process');
  // Reading goes on, and what is noted waits.
  expect((await open(persistence, 'one')).state).toBe('new');
  persistence.outbox.markDispatched('1');
  database.exec('COMMIT');
  await until(() => persistence.health?.().problem === undefined, 'the probe gets the lock');
  const again = await openNew(persistence, 'one');
  again.storage.run("INSERT INTO t VALUES ('one')");
  await again.commit(nothing);
  expect(database.prepare('SELECT * FROM t').all()).toHaveLength(1);
  database.close();
});

test('should refuse what does not fit on the disk, undo all of it, and go on when there is space', async () => {
  using file = temporaryFile();
  const inside = await connectInside({ file: file.path }, { onCritical: () => {} });
  await using transport = inside.connection;
  await using persistence = await persist({ file: file.path }, { transport });
  await transport.queues.provision([{ name: 'out' }]);
  inside.file.exec('CREATE TABLE t (value ANY)');
  const pages = inside.file.prepare('PRAGMA page_count').get()?.['page_count'] as number;
  inside.file.exec(`PRAGMA max_page_count = ${pages + 40}`);
  const large = await persistence.begin();
  const small = await openNew(persistence, 'small');
  large.storage.run("INSERT INTO t VALUES ('large')");
  large.storage.run('INSERT INTO t VALUES (?)', new Uint8Array(1_000_000));
  small.storage.run("INSERT INTO t VALUES ('small')");
  const failed = failureOf(
    persistence,
    (large as Required<typeof large>).commitAndDispatch({
      operations: [toQueue('out')],
      sagas: [],
    }),
  );
  // In the same transaction as the one that does not fit.
  await small.commit(nothing);
  expect((await failed).message).toMatch(/disk is full/);
  const values = (): unknown[] => inside.file.prepare('SELECT value FROM t').all();
  expect(values()).toEqual([{ value: 'small' }]);
  expect(await transport.queues.peek('out', 1)).toEqual([]);
  inside.file.exec('PRAGMA max_page_count = 1000000');
  await until(() => persistence.health?.().problem === undefined, 'the probe finds space');
  const again = await openNew(persistence, 'large');
  again.storage.run('INSERT INTO t VALUES (?)', new Uint8Array(1_000_000));
  await again.commit({ operations: [toQueue('out')], sagas: [] });
  expect(values()).toHaveLength(2);
});

test('should store nothing in a file that was taken away, and go on when it is back', async () => {
  using file = temporaryFile();
  await using persistence = await persist({ file: file.path });
  const session = await openNew(persistence, 'one');
  renameSync(file.path, `${file.path}.away`);
  const error = await failureOf(persistence, session.commit(nothing));
  expect(error.message).toContain('was deleted or replaced while it was open');
  renameSync(`${file.path}.away`, file.path);
  await until(() => persistence.health?.().problem === undefined, 'the file is found');
  const again = await openNew(persistence, 'one');
  await again.commit(nothing);
  expect((await open(persistence, 'one')).state).toBe('dispatched');
});

test('should say at start what is wrong with the file', async () => {
  using file = temporaryFile();
  const database = new DatabaseSync(file.path);
  database.exec('BEGIN EXCLUSIVE; CREATE TABLE t (value ANY)');
  await expect(persist({ file: file.path, busyTimeoutMs: 20 })).rejects.toMatchObject({
    code: 'PERSISTENCE_UNAVAILABLE',
    message: expect.stringContaining(file.path),
  });
  database.exec('COMMIT');
  database.close();
  await expect(persist({ file: `${file.path}/below` })).rejects.toMatchObject({
    code: 'PERSISTENCE_UNAVAILABLE',
  });
  await using persistence = await persist({ file: file.path });
  expect(persistence.health?.()).toEqual({});
});

test('should call a statement that reads damaged pages an outage', async () => {
  using file = temporaryFile();
  await using persistence = await persist({ file: file.path });
  const session = await openNew(persistence, 'one');
  const { DatabaseSync: Original } = await import('node:sqlite');
  const prepare = vi.spyOn(Original.prototype, 'prepare').mockImplementationOnce(() => {
    throw Object.assign(new Error('disk I/O error'), { errcode: 10 });
  });
  try {
    await failureOf(
      persistence,
      Promise.resolve().then(() => session.storage.get('SELECT 1')),
    );
  } finally {
    prepare.mockRestore();
  }
  expect(session.storage.get('SELECT 1 AS one')).toEqual({ one: 1 });
});
