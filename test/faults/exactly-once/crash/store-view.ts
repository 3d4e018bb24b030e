import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDatabase } from '../../../support/postgres/test-database.ts';
import { messagesIn } from '../messages-in.ts';

/** Looks at a store from outside, without the framework. */
export interface StoreView {
  /** How often each effect of an order has happened. */
  effects(order: number): Promise<ReadonlyMap<string, number>>;
  /** Rows that wait in the outbox and its lanes, and sagas that have not ended. */
  left(): Promise<{ readonly waiting: number; readonly sagas: number }>;
  /** What a dead process had claimed, or not sent yet, gets a minute older: that of lanes, or all. */
  letTimePass(whose: 'lanes' | 'all'): Promise<void>;
  /** What is in those of the queues that are not empty. */
  messages(queues: readonly string[]): Promise<Readonly<Record<string, number>>>;
  close(): void;
}

/** This process has other things to do than to wait for the lock of a file. */
const busyMs = 100;
const busy = 5;

const count = `SELECT effect, count(*) AS times FROM effects WHERE order_number =`;
const table = 'CREATE TABLE effects (effect text NOT NULL, order_number int NOT NULL)';

export async function viewOfPostgres(database: TestDatabase, amqp: string): Promise<StoreView> {
  await database.rows(table);
  return {
    effects: async (order) => {
      const rows = await database.rows(`${count} $1 GROUP BY effect`, [order]);
      return new Map(rows.map(({ effect, times }) => [String(effect), Number(times)]));
    },
    left: async () => {
      const [row] = await database.rows<{ waiting: number; sagas: number }>(
        `SELECT ((SELECT count(*) FROM busbar_outbox) + (SELECT count(*) FROM busbar_lanes))::int AS waiting,
         (SELECT count(*) FROM busbar_sagas)::int AS sagas`,
      );
      return row ?? { waiting: 0, sagas: 0 };
    },
    letTimePass: async (whose) => {
      const older = `- interval '1 minute'`;
      await database.rows(
        `UPDATE busbar_lanes SET created_at = created_at ${older}, claimed_until = claimed_until ${older}`,
      );
      if (whose === 'lanes') return;
      // Somebody else would have seen it meanwhile.
      await database.rows(
        `UPDATE busbar_outbox SET claimable_at = coalesce(claimable_at, created_at) ${older}`,
      );
    },
    messages: (queues) => messagesIn(amqp, queues),
    close: () => {},
  };
}

export function viewOfSqlite(files: { messages: string; data: string }): StoreView {
  const open = (file: string): DatabaseSync => new DatabaseSync(file, { timeout: busyMs });
  const data = open(files.data);
  data.exec(table);
  const messages = files.messages === files.data ? data : open(files.messages);
  const view: StoreView = {
    effects: async (order) => {
      const rows = data.prepare(`${count} ? GROUP BY effect`).all(order);
      return new Map(rows.map(({ effect, times }) => [String(effect), Number(times)]));
    },
    left: async () => {
      const row = data
        .prepare(
          `SELECT (SELECT count(*) FROM busbar_outbox) + (SELECT count(*) FROM busbar_outbox_lanes) AS waiting,
           (SELECT count(*) FROM busbar_sagas) AS sagas`,
        )
        .get();
      return { waiting: Number(row?.['waiting']), sagas: Number(row?.['sagas']) };
    },
    letTimePass: async (whose) => {
      try {
        data.exec('UPDATE busbar_outbox_keys SET free_at = free_at - 60000');
        if (whose === 'all') data.exec('UPDATE busbar_outbox SET free_at = free_at - 60000');
      } catch (error) {
        if ((error as { errcode?: number }).errcode !== busy) throw error;
        await sleep(busyMs);
        await view.letTimePass(whose);
      }
    },
    messages: async () => {
      const rows = messages
        .prepare(
          `SELECT name, count(*) AS waiting FROM busbar_messages AS m
           JOIN busbar_queues AS q ON q.id = m.queue_id GROUP BY name`,
        )
        .all();
      return Object.fromEntries(rows.map(({ name, waiting }) => [name, Number(waiting)]));
    },
    close: () => {
      data.close();
      if (messages !== data) messages.close();
    },
  };
  return view;
}
