import { DatabaseSync } from 'node:sqlite';
import { expect, test, vi } from 'vitest';
import { Child } from './support/child.ts';
import { toQueue } from './support/messages.ts';
import { nothing, openNew, persist } from './support/persist.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { connect } from './support/connect.ts';

vi.setConfig({ testTimeout: 60_000 });

test('should keep nobody from writing, however long its handler waits', async () => {
  using file = temporaryFile();
  await using transport = await connect({ file: file.path });
  await transport.queues.provision([{ name: 'queue' }]);
  await using persistence = await persist({ file: file.path }, { transport });
  const outside = new DatabaseSync(file.path);
  // Whatever is locked is an error at once.
  outside.exec('PRAGMA busy_timeout = 0; CREATE TABLE t (value TEXT)');
  const saga = { type: 'T', by: 'id', value: '1', lock: true } as const;
  const sessions = [await openNew(persistence, 'slow'), await persistence.begin()];
  for (const { storage } of sessions) {
    storage.get('SELECT * FROM t');
    storage.all('SELECT * FROM t');
    storage.run("INSERT INTO t VALUES ('slow')");
    storage.write((database) => database.run("UPDATE t SET value = value || '!'"));
  }
  for (const session of sessions) await session.findSaga(saga);

  // The handlers wait now. Everybody else goes on, the whole database included.
  outside.exec('BEGIN EXCLUSIVE');
  outside.exec("INSERT INTO t VALUES ('outside')");
  outside.exec('COMMIT');
  outside.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  await using child = new Child('saver', file.path, 'child');
  await child.report('ready');
  child.tell('go');
  await child.report('done');
  expect(await transport.dispatch([toQueue('queue')])).toMatchObject([{ outcome: 'confirmed' }]);
  const quick = await openNew(persistence, 'quick');
  quick.storage.run("INSERT INTO t VALUES ('quick')");
  await quick.commit(nothing);
  // What a session reads is what is committed now, not what was when it began.
  expect(sessions[0]?.storage.all('SELECT value FROM t')).toHaveLength(2);

  for (const session of sessions) await session.commit(nothing);
  const rows = outside.prepare('SELECT value FROM t ORDER BY rowid').all();
  expect(rows.map(({ value }) => value)).toEqual(['outside!!', 'quick!!', 'slow!!', 'slow!']);
  outside.close();
});
