import { DatabaseSync } from 'node:sqlite';
import { transportConformance } from '@busbar/conformance';
import { type SqliteTransportOptions, sqliteCapabilities, sqliteTransport } from '@busbar/sqlite';
import { scaled } from '../../../test/support/scale.ts';
import { temporaryFile } from './support/temporary-file.ts';

transportConformance({
  name: 'sqlite',
  capabilities: sqliteCapabilities,
  create: () => {
    const file = temporaryFile();
    // A short lease, so that a hold that was taken away is noticed within the test.
    const options: SqliteTransportOptions = { file: file.path, leaseMs: 3_000 };
    const change = (sql: string, ...parameters: string[]): void => {
      const database = new DatabaseSync(file.path);
      database.exec('PRAGMA busy_timeout = 5000');
      database.prepare(sql).run(...parameters);
      database.close();
    };
    return {
      transport: sqliteTransport(options),
      child: {
        module: new URL('support/child-transport.ts', import.meta.url).href,
        argument: options,
      },
      removeQueue: async (queue) => change('DELETE FROM busbar_queues WHERE name = ?', queue),
      injectPoison: async (queue) =>
        change(
          `INSERT INTO busbar_messages (queue_id, state, visible_at, due_at, headers, body)
           SELECT id, 0, 0, 0, '{"broken', x'00' FROM busbar_queues WHERE name = ?`,
          queue,
        ),
      loseHold: async ({ nativeId }) =>
        change(
          'UPDATE busbar_messages SET state = 0, lease = NULL, visible_at = due_at WHERE seq = ?',
          nativeId,
        ),
      close: async () => file[Symbol.dispose](),
    };
  },
  sizes: { leak: scaled('conformance-leak') },
});
