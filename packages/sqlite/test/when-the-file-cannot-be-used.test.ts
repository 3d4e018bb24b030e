import { chmodSync, copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { Child } from './support/child.ts';
import { connect } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { until } from './support/within.ts';

vi.setConfig({ testTimeout: 90_000 });

test('should name a file that is no database', async () => {
  using file = temporaryFile();
  writeFileSync(file.path, 'This is a letter to my grandmother. '.repeat(300));
  await expect(connect({ file: file.path })).rejects.toMatchObject({
    code: 'TRANSPORT_UNAVAILABLE',
    message: expect.stringMatching(/bus\.db is damaged, or no SQLite database/),
  });
});

test('should name a file that was damaged', async () => {
  using file = temporaryFile();
  await connect({ file: file.path }).then((connection) => connection.close());
  const database = new DatabaseSync(file.path);
  database.exec('PRAGMA journal_mode = DELETE');
  database.close();
  writeFileSync(file.path, Buffer.alloc(30_000, 7), { flag: 'r+' });
  await expect(connect({ file: file.path })).rejects.toMatchObject({
    code: 'TRANSPORT_UNAVAILABLE',
    details: { file: file.path, trouble: 'corrupt' },
  });
});

test('should name a folder that stands where the file should', async () => {
  using file = temporaryFile();
  mkdirSync(file.path);
  await expect(connect({ file: file.path })).rejects.toMatchObject({
    code: 'TRANSPORT_UNAVAILABLE',
    details: { file: file.path, trouble: 'cannot-open' },
  });
});

test('should name a file whose folder cannot be made', async () => {
  using file = temporaryFile();
  writeFileSync(join(file.folder, 'taken'), '');
  const below = join(file.folder, 'taken', 'bus.db');
  await expect(connect({ file: below })).rejects.toMatchObject({
    code: 'TRANSPORT_UNAVAILABLE',
    message: expect.stringContaining(below),
  });
});

test.skipIf(process.platform === 'win32')('should name a file that is not writable', async () => {
  using file = temporaryFile();
  await connect({ file: file.path }).then((connection) => connection.close());
  rmSync(`${file.path}-live`, { recursive: true });
  chmodSync(file.path, 0o444);
  chmodSync(file.folder, 0o555);
  const files = [file.path, join(file.folder, 'other.db'), join(file.folder, 'sub', 'other.db')];
  await using child = new Child('unprivileged', ...files);
  for (const what of [/is not writable/, /cannot be opened|is not writable/, /cannot be opened/]) {
    const { value } = await child.report('refused');
    expect(value).toMatchObject({
      code: 'TRANSPORT_UNAVAILABLE',
      named: true,
      message: expect.stringMatching(what),
    });
  }
  expect(await child.exited).toBe(0);
  chmodSync(file.folder, 0o755);
});

test('should refuse a file that a newer version has written', async () => {
  using file = temporaryFile();
  await connect({ file: file.path }).then((connection) => connection.close());
  const database = new DatabaseSync(file.path);
  database.exec('UPDATE busbar_meta SET schema_version = 99, topology = topology + 1');
  database.close();
  await expect(connect({ file: file.path })).rejects.toMatchObject({
    code: 'INCOMPATIBLE_PACKAGE',
    message: expect.stringMatching(/schema version 99.*newer Busbar/),
  });
});

test('should stop writing when a newer version has changed the file meanwhile', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path });
  await connection.queues.provision([{ name: 'queue' }]);
  const database = new DatabaseSync(file.path);
  database.exec('UPDATE busbar_meta SET schema_version = 99, topology = topology + 1');
  database.close();
  await expect(connection.dispatch([toQueue('queue')])).rejects.toMatchObject({
    code: 'INCOMPATIBLE_PACKAGE',
  });
});

test('should keep its tables beside those of an application', async () => {
  using file = temporaryFile();
  const database = new DatabaseSync(file.path);
  database.exec('CREATE TABLE orders (id INTEGER PRIMARY KEY); PRAGMA user_version = 42');
  await using connection = await connect({ file: file.path });
  await connection.queues.provision([{ name: 'queue' }]);
  expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 42 });
  database.close();
});

test('should confirm nothing while the file is moved away, and go on when it is back', async () => {
  using file = temporaryFile();
  const criticals: Error[] = [];
  await using connection = await connect(
    { file: file.path },
    { onCritical: (error) => criticals.push(error) },
  );
  await connection.queues.provision([{ name: 'queue' }]);
  renameSync(file.path, `${file.path}.away`);
  await expect(connection.dispatch([toQueue('queue')])).rejects.toMatchObject({
    code: 'TRANSPORT_UNAVAILABLE',
    message: expect.stringContaining('was deleted or replaced while it was open'),
  });
  expect(connection.health().connected).toBe(false);
  expect(criticals).toHaveLength(1);
  renameSync(`${file.path}.away`, file.path);
  await until(() => connection.health().connected, 'it has recovered');
  const results = await connection.dispatch([toQueue('queue')]);
  expect(results).toMatchObject([{ outcome: 'confirmed' }]);
});

test('should confirm nothing into a file that was replaced', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path }, { onCritical: () => {} });
  await connection.queues.provision([{ name: 'queue' }]);
  copyFileSync(file.path, `${file.path}.copy`);
  rmSync(file.path);
  renameSync(`${file.path}.copy`, file.path);
  await expect(connection.dispatch([toQueue('queue')])).rejects.toMatchObject({
    code: 'TRANSPORT_UNAVAILABLE',
    details: { trouble: 'gone' },
  });
});

test.each(['-wal', '-shm'])('should confirm nothing while its %s is gone', async (suffix) => {
  using file = temporaryFile();
  const criticals: Error[] = [];
  await using connection = await connect(
    { file: file.path },
    { onCritical: (error) => criticals.push(error) },
  );
  await connection.queues.provision([{ name: 'queue' }]);
  await connection.dispatch([toQueue('queue')]);
  renameSync(`${file.path}${suffix}`, `${file.path}.away`);
  await expect(connection.dispatch([toQueue('queue')])).rejects.toMatchObject({
    code: 'TRANSPORT_UNAVAILABLE',
    message: expect.stringContaining(`bus.db${suffix} is gone`),
    details: { trouble: 'gone' },
  });
  expect(connection.health().connected).toBe(false);
  expect(criticals).toHaveLength(1);
  renameSync(`${file.path}.away`, `${file.path}${suffix}`);
  await until(() => connection.health().connected, 'it has recovered');
  expect(await connection.dispatch([toQueue('queue')])).toMatchObject([{ outcome: 'confirmed' }]);
});

test('should save what it has confirmed when the log was removed', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path }, { onCritical: () => {} });
  await connection.queues.provision([{ name: 'queue' }]);
  await connection.dispatch([toQueue('queue', { id: 'confirmed' })]);
  rmSync(`${file.path}-wal`);
  await expect(connection.dispatch([toQueue('queue')])).rejects.toMatchObject({
    details: { trouble: 'gone' },
  });
  // As the next process finds it when this one is killed now.
  copyFileSync(file.path, `${file.path}.left`);
  await using next = await connect({ file: `${file.path}.left` });
  const left = await next.queues.peek('queue', 10);
  expect(left.map(({ headers }) => headers['busbar-message-id'])).toEqual(['confirmed']);
});

test('should not mind what others do to the log by way of SQLite', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path });
  await connection.queues.provision([{ name: 'queue' }]);
  for (const sql of ['PRAGMA wal_checkpoint(TRUNCATE)', 'VACUUM', 'PRAGMA wal_checkpoint']) {
    const database = new DatabaseSync(file.path);
    database.exec(sql);
    database.close();
    expect(await connection.dispatch([toQueue('queue')])).toMatchObject([{ outcome: 'confirmed' }]);
  }
  expect(await connection.queues.list()).toMatchObject([{ name: 'queue', ready: 3 }]);
});

test('should make the folders above the file', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: join(file.folder, 'a', 'b', 'c', 'bus.db') });
  expect(connection.health()).toEqual({ connected: true });
});

test.skipIf(process.platform !== 'linux')(
  'should say at once where no folder can ever be made',
  async () => {
    await expect(connect({ file: '/proc/no-such-process/sub/bus.db' })).rejects.toMatchObject({
      code: 'TRANSPORT_UNAVAILABLE',
      details: { trouble: 'cannot-open' },
    });
  },
);
