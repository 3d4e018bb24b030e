import { DatabaseSync } from 'node:sqlite';
import { expect, test, vi } from 'vitest';
import { migrations } from '../src/store/schema.ts';
import { Child } from './support/child.ts';
import { connect } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { nothing, openNew, persist } from './support/persist.ts';
import { temporaryFile } from './support/temporary-file.ts';

vi.setConfig({ testTimeout: 90_000 });

/** A file as the version before left it, with a message in it. */
function oldFile(path: string, version = 1): void {
  const database = new DatabaseSync(path);
  database.exec('PRAGMA journal_mode = WAL');
  for (const step of migrations.slice(0, version)) database.exec(step);
  database.exec(`
    UPDATE busbar_meta SET schema_version = ${version};
    INSERT INTO busbar_queues (name, ordered, unused_since) VALUES ('old', 0, 0);
    INSERT INTO busbar_messages (queue_id, state, visible_at, due_at, headers, body)
      SELECT id, 0, 0, 0, '{"busbar-message-id":"kept"}', x'' FROM busbar_queues;
  `);
  database.close();
}

test('should bring it up to date with what is in it', async () => {
  using file = temporaryFile();
  oldFile(file.path);
  await using transport = await connect({ file: file.path });
  await using persistence = await persist({ file: file.path }, { transport });
  const session = await openNew(persistence, 'one');
  await session.commit({ operations: [toQueue('old')], sagas: [] });
  const [kept] = await transport.queues.peek('old', 10);
  expect(kept?.headers).toEqual({ 'busbar-message-id': 'kept' });
});

test('should bring it up to date once, whoever of several processes comes first', async () => {
  using file = temporaryFile();
  oldFile(file.path);
  const children = ['a', 'b', 'c', 'd'].map((name) => new Child('saver', file.path, name));
  try {
    await Promise.all(children.map((child) => child.report('ready')));
    for (const child of children) child.tell('go');
    for (const child of children) {
      await child.report('done');
      expect(await child.exited).toBe(0);
    }
    const database = new DatabaseSync(file.path);
    expect(database.prepare('SELECT schema_version FROM busbar_meta').get()).toEqual({
      schema_version: migrations.length,
    });
    expect(database.prepare('SELECT name FROM busbar_endpoints ORDER BY name').all()).toHaveLength(
      2,
    );
    expect(database.prepare('SELECT message_id FROM busbar_handled').all()).toHaveLength(4);
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    database.close();
  } finally {
    await Promise.all(children.map((child) => child.kill()));
  }
});

test('should refuse a file of a newer version', async () => {
  using file = temporaryFile();
  await using persistence = await persist({ file: file.path });
  const session = await openNew(persistence, 'one');
  const database = new DatabaseSync(file.path);
  database.exec('UPDATE busbar_meta SET schema_version = 1000, topology = topology + 1');
  database.close();
  await expect(session.commit(nothing)).rejects.toMatchObject({ code: 'INCOMPATIBLE_PACKAGE' });
  await expect(persist({ file: file.path, busyTimeoutMs: 1 })).rejects.toMatchObject({
    code: 'INCOMPATIBLE_PACKAGE',
  });
});
