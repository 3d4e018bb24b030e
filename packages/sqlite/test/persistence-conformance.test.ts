import { setImmediate as turn } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { type PersistenceHarness, persistenceConformance } from '@busbar/conformance';
import {
  type SqliteStorage,
  sqlitePersistence,
  sqliteStorageOf,
  sqliteTransport,
} from '@busbar/sqlite';
import { temporaryFile } from './support/temporary-file.ts';

const keepMs = 60_000;

/** Makes all that the outbox holds so much older. */
const ageing = [
  'UPDATE busbar_outbox SET free_at = free_at - :ms, committed_at = committed_at - :ms',
  'UPDATE busbar_outbox_keys SET free_at = free_at - :ms',
  'UPDATE busbar_outbox_lanes SET committed_at = committed_at - :ms',
  'UPDATE busbar_handled SET handled_at = handled_at - :ms',
];

/** The data in a file of its own, or in that of the messages. */
function harness(withMessages: boolean): PersistenceHarness<SqliteStorage> {
  const file = temporaryFile();
  const database = new DatabaseSync(file.path);
  database.exec('PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL');
  database.exec('CREATE TABLE data (key TEXT PRIMARY KEY, value TEXT)');
  return {
    persistence: sqlitePersistence({ file: file.path, keepDeduplication: keepMs }),
    ...(withMessages ? { transport: sqliteTransport({ file: file.path }) } : {}),
    keepMs,
    write: (storage, key, value) => {
      storage.run('INSERT OR REPLACE INTO data (key, value) VALUES (?, ?)', key, value);
    },
    read: (key) => {
      const row = database.prepare('SELECT value FROM data WHERE key = ?').get(key);
      return row?.['value'] as string | undefined;
    },
    append: (storage, key, text) => {
      storage.run(
        `INSERT INTO data (key, value) VALUES (:key, :text)
         ON CONFLICT DO UPDATE SET value = value || :text`,
        { key, text },
      );
    },
    advance: async (ms) => {
      database.exec('BEGIN IMMEDIATE');
      for (const sql of ageing) database.prepare(sql).run({ ms });
      database.exec('COMMIT');
      // What was about to be written gets its turn.
      await turn();
    },
    begin: async () => {
      const own = new DatabaseSync(file.path);
      own.exec('PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE');
      const end = (sql: string): void => {
        own.exec(sql);
        own.close();
      };
      return {
        storage: sqliteStorageOf(own),
        commit: () => end('COMMIT'),
        rollback: () => end('ROLLBACK'),
      };
    },
    close: () => {
      database.close();
      file[Symbol.dispose]();
    },
  };
}

const { capabilities } = sqlitePersistence({ file: 'unused.db' });
const skips = {
  'when-the-handler-ends-the-transaction':
    'the storage refuses such a statement at once; see sqlite-storage.test.ts',
  'when-the-connections-break': 'a file has no connections that could break',
};

persistenceConformance({
  name: 'sqlite in a file of its own',
  capabilities,
  skips,
  create: () => harness(false),
});

persistenceConformance({
  name: 'sqlite in the file of the messages',
  capabilities,
  skips,
  create: () => harness(true),
});
