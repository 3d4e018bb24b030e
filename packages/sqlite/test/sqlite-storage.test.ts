import { DatabaseSync } from 'node:sqlite';
import type { SqliteStorage } from '@busbar/sqlite';
import { expect, test, vi } from 'vitest';
import { nothing, openNew, persist } from './support/persist.ts';
import { temporaryFile } from './support/temporary-file.ts';

vi.setConfig({ testTimeout: 60_000 });

/** A session on a file with the table `t`, and a look at it from outside. */
async function setUp() {
  const file = temporaryFile();
  const persistence = await persist({ file: file.path });
  const database = new DatabaseSync(file.path);
  database.exec('CREATE TABLE t (id INTEGER PRIMARY KEY, value ANY UNIQUE) STRICT');
  let number = 0;
  return {
    file,
    persistence,
    session: () => openNew(persistence, `message-${(number += 1)}`),
    rows: () =>
      database
        .prepare('SELECT value FROM t ORDER BY id')
        .all()
        .map(({ value }) => value),
    [Symbol.asyncDispose]: async () => {
      database.close();
      await persistence.close();
      file[Symbol.dispose]();
    },
  };
}

test('should read what is committed, and write at the commit what it has collected, in its order', async () => {
  await using store = await setUp();
  const session = await store.session();
  session.storage.run('INSERT INTO t (value) VALUES (?)', 'first');
  session.storage.write((database) => {
    expect(database.get('SELECT count(*) AS count FROM t')).toEqual({ count: 1 });
    expect(database.run('INSERT INTO t (value) VALUES (:v)', { v: 'second' }).changes).toBe(1);
    expect(database.all('SELECT value FROM t').length).toBe(2);
  });
  session.storage.run('UPDATE t SET value = value || $end', { end: '!' });
  expect(session.storage.get('SELECT * FROM t')).toBeUndefined();
  expect(store.rows()).toEqual([]);
  await session.commit(nothing);
  expect(store.rows()).toEqual(['first!', 'second!']);
  const next = await store.session();
  expect(next.storage.all('SELECT value FROM t WHERE id > ?', 0)).toHaveLength(2);
});

test('should write nothing after a rollback', async () => {
  await using store = await setUp();
  const session = await store.session();
  session.storage.run('INSERT INTO t (value) VALUES (1)');
  await session.rollback();
  expect(store.rows()).toEqual([]);
  expect(() => session.storage.run('INSERT INTO t (value) VALUES (1)')).toThrow(
    /after its attempt or session had ended.*TRANSACTION_ENDED/,
  );
});

test('should take all values that SQLite stores, as they were when they were given', async () => {
  await using store = await setUp();
  const session = await store.session();
  const bytes = new Uint8Array([1, 2, 3]);
  const values = [null, 1.5, 2n ** 60n, 'ключ', bytes, new Uint8Array(0)];
  for (const value of values) session.storage.run('INSERT INTO t (value) VALUES (?)', value);
  bytes.fill(9);
  await session.commit(nothing);
  const { storage } = await store.session();
  expect(storage.all('SELECT typeof(value) AS type FROM t').map(({ type }) => type)).toEqual([
    'null',
    'real',
    'integer',
    'text',
    'blob',
    'blob',
  ]);
  expect(storage.get('SELECT value FROM t WHERE id = 5')?.['value']).toEqual(
    new Uint8Array([1, 2, 3]),
  );
  const big = storage.get('SELECT CAST(value AS TEXT) AS value FROM t WHERE id = 3');
  expect(big).toEqual({ value: String(2n ** 60n) });
});

const refused: Record<string, readonly [(storage: SqliteStorage) => unknown, RegExp]> = {
  BEGIN: [(storage) => storage.run('BEGIN IMMEDIATE'), /would begin or end.*TRANSACTION_ENDED/],
  'COMMIT behind a comment': [
    (storage) => storage.run(' ; -- now\n /* then */ commit'),
    /TRANSACTION_ENDED/,
  ],
  'ROLLBACK in a read': [(storage) => storage.get('ROLLBACK'), /TRANSACTION_ENDED/],
  SAVEPOINT: [(storage) => storage.run('SAVEPOINT a'), /TRANSACTION_ENDED/],
  END: [(storage) => storage.all('end transaction'), /TRANSACTION_ENDED/],
  ATTACH: [
    (storage) => storage.get("ATTACH 'x.db' AS x"),
    /change the connection.*STORAGE_MISUSED/,
  ],
  PRAGMA: [(storage) => storage.run('PRAGMA synchronous = OFF'), /STORAGE_MISUSED/],
  VACUUM: [(storage) => storage.run('VACUUM'), /STORAGE_MISUSED/],
  'two statements': [
    (storage) => storage.run('DELETE FROM t; DELETE FROM t'),
    /more than one statement.*STORAGE_MISUSED/,
  ],
  'a write in a read': [
    (storage) => storage.get('INSERT INTO t (value) VALUES (1) RETURNING id'),
    /get and all only read|only read.*STORAGE_MISUSED/,
  ],
  'a boolean': [
    (storage) => storage.run('INSERT INTO t (value) VALUES (?)', true as never),
    /Parameter 1 .* is of the type boolean.*STORAGE_MISUSED/,
  ],
  'a date in a named parameter': [
    (storage) => storage.run('INSERT INTO t (value) VALUES (:at)', { at: new Date() as never }),
    /Parameter at .* is of the type Date.*STORAGE_MISUSED/,
  ],
  'no text': [(storage) => storage.run(1 as never), /A statement is a number.*STORAGE_MISUSED/],
};

test.each(Object.entries(refused))('should refuse %s at once', async (_, [use, message]) => {
  await using store = await setUp();
  const session = await store.session();
  expect(() => use(session.storage)).toThrow(message);
  session.storage.run("INSERT INTO t (value) VALUES ('END; COMMIT -- ''; BEGIN')");
  session.storage.run('CREATE TRIGGER one AFTER INSERT ON t BEGIN SELECT 1; SELECT 2; END');
  await session.commit(nothing);
  expect(store.rows()).toEqual(["END; COMMIT -- '; BEGIN"]);
});

const failing: Record<string, readonly [(storage: SqliteStorage) => void, RegExp]> = {
  'a broken constraint': [
    (storage) => storage.run("INSERT INTO t (value) VALUES ('taken')"),
    /UNIQUE constraint failed.*INSERT INTO t/,
  ],
  'a constraint that rolls back': [
    (storage) => storage.run("INSERT OR ROLLBACK INTO t (value) VALUES ('taken')"),
    /UNIQUE constraint failed/,
  ],
  'a swallowed failure that rolled back': [
    (storage) =>
      storage.write((database) => {
        try {
          database.run("INSERT OR ROLLBACK INTO t (value) VALUES ('taken')");
        } catch {
          // As a careless handler would.
        }
      }),
    /rolled the transaction back.*TRANSACTION_ENDED/,
  ],
  'a missing table': [(storage) => storage.run('DELETE FROM missing'), /no such table: missing/],
  'a function that throws': [
    (storage) =>
      storage.write(() => {
        throw Object.assign(new Error('on purpose'), { code: 'EIO', errcode: 10 });
      }),
    /^on purpose$/,
  ],
  'a function that throws nothing of the kind': [
    (storage) => storage.write(() => AbortSignal.abort('text').throwIfAborted()),
    /"?text"?/,
  ],
  'an async function': [
    (storage) => storage.write(async (database) => database.run('DELETE FROM t')),
    /returned a promise.*STORAGE_MISUSED/,
  ],
  'an async function that fails': [
    (storage) =>
      storage.write(async () => {
        throw new Error('seen by nobody');
      }),
    /returned a promise.*STORAGE_MISUSED/,
  ],
  'a COMMIT in a function': [
    (storage) => storage.write((database) => database.run('COMMIT')),
    /TRANSACTION_ENDED/,
  ],
};

for (const [name, [fail, message]] of Object.entries(failing)) {
  test.each([0, 1, 2])(
    `should undo all of the attempt with ${name}, and nothing of its neighbours, as number %i of three`,
    async (place) => {
      await using store = await setUp();
      const first = await store.session();
      first.storage.run("INSERT INTO t (value) VALUES ('taken')");
      await first.commit(nothing);
      const sessions = await Promise.all([0, 1, 2].map(() => store.session()));
      for (const [index, { storage }] of sessions.entries()) {
        storage.run('INSERT INTO t (value) VALUES (?)', `before ${index}`);
        if (index === place) fail(storage);
        storage.run('INSERT INTO t (value) VALUES (?)', `after ${index}`);
      }
      const outcomes = await Promise.allSettled(sessions.map((session) => session.commit(nothing)));
      for (const [index, outcome] of outcomes.entries()) {
        expect(outcome.status).toBe(index === place ? 'rejected' : 'fulfilled');
        if (outcome.status === 'rejected') {
          const { reason } = outcome as { reason: unknown };
          expect(reason instanceof Error ? reason.message : String(reason)).toMatch(message);
          expect(store.persistence.isOutage?.(reason as Error)).toBe(false);
        }
      }
      const written = [0, 1, 2].filter((index) => index !== place);
      const expected = written.flatMap((index) => [`before ${index}`, `after ${index}`]);
      expect(store.rows()).toEqual(['taken', ...expected]);
      expect(store.persistence.health?.()).toEqual({});
    },
  );
}

test('should refuse a transaction that a function has kept', async () => {
  await using store = await setUp();
  const session = await store.session();
  let kept: { run(sql: string): unknown } | undefined;
  session.storage.write((database) => {
    kept = database;
  });
  await session.commit(nothing);
  expect(() => kept?.run('DELETE FROM t')).toThrow(
    /after that function had returned.*STORAGE_MISUSED/,
  );
});
