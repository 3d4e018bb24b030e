import { DatabaseSync } from 'node:sqlite';
import { sqliteStorageOf } from '@busbar/sqlite';
import { expect, test, vi } from 'vitest';
import { toQueue } from './support/messages.ts';
import { nothing, openNew, persist } from './support/persist.ts';
import { temporaryFile } from './support/temporary-file.ts';

vi.setConfig({ testTimeout: 60_000 });

const claim = { limit: 10, graceMs: 60_000, leaseMs: 5_000 };
const operations = [toQueue('out', { id: 'a' }), toQueue('out', { id: 'b', partitionKey: 'key' })];

async function setUp() {
  const file = temporaryFile();
  const persistence = await persist({ file: file.path });
  const database = new DatabaseSync(file.path);
  database.exec('CREATE TABLE t (value ANY)');
  return {
    file,
    persistence,
    database,
    storage: sqliteStorageOf(database),
    [Symbol.asyncDispose]: async () => {
      database.close();
      await persistence.close();
      file[Symbol.dispose]();
    },
  };
}

test('should keep the messages if and only if the transaction commits, for the relay at once', async () => {
  await using store = await setUp();
  const { database, persistence, storage } = store;
  for (const end of ['ROLLBACK', 'COMMIT']) {
    database.exec('BEGIN IMMEDIATE');
    storage.run('INSERT INTO t (value) VALUES (?)', end);
    await persistence.join(storage, operations);
    expect(await persistence.outbox.claim(claim)).toEqual([]);
    database.exec(end);
  }
  expect(await persistence.outbox.claim(claim)).toMatchObject([{ operations: [operations[0]] }]);
  expect(await persistence.outbox.claimLane(claim)).toMatchObject({
    key: 'key',
    operations: [operations[1]],
  });
  expect(await persistence.outbox.claim(claim)).toEqual([]);
  expect(database.prepare('SELECT value FROM t').all()).toEqual([{ value: 'COMMIT' }]);
});

test('should read and write on the connection that it was given', async () => {
  await using store = await setUp();
  const { database, storage } = store;
  database.exec('BEGIN IMMEDIATE');
  storage.run('INSERT INTO t (value) VALUES (?)', 1);
  expect(storage.get('SELECT value FROM t')).toEqual({ value: 1 });
  storage.write((transaction) => transaction.run('UPDATE t SET value = 2'));
  expect(storage.all('SELECT value FROM t')).toEqual([{ value: 2 }]);
  expect(() => storage.run('COMMIT')).toThrow(/TRANSACTION_ENDED/);
  database.exec('COMMIT');
});

test('should refuse a connection without transaction, another file, and what is no connection', async () => {
  await using store = await setUp();
  const { database, persistence, storage } = store;
  await expect(persistence.join(storage, operations)).rejects.toMatchObject({
    code: 'TRANSACTION_ENDED',
    message: expect.stringContaining('no transaction open'),
  });
  expect(() => storage.run('DELETE FROM t')).toThrow(/no transaction open.*TRANSACTION_ENDED/);
  using elsewhere = temporaryFile();
  for (const path of [elsewhere.path, ':memory:']) {
    const other = new DatabaseSync(path);
    other.exec('BEGIN');
    await expect(persistence.join(sqliteStorageOf(other), operations)).rejects.toMatchObject({
      code: 'INVALID_CONFIGURATION',
      message: expect.stringContaining(store.file.path),
    });
    other.close();
  }
  const session = await openNew(persistence, 'one');
  await expect(persistence.join(session.storage, operations)).rejects.toMatchObject({
    code: 'INVALID_CONFIGURATION',
  });
  await session.commit(nothing);
  expect(database.prepare('SELECT * FROM busbar_outbox').all()).toEqual([]);
});
