import { AsyncLocalStorage } from 'node:async_hooks';
import { DatabaseSync } from 'node:sqlite';
import type { Persistence, Transport } from '@busbar/core';
import { postgresPersistence } from '@busbar/postgres';
import { pgPersistence } from '@busbar/postgres/pg';
import { rabbitMqTransport } from '@busbar/rabbitmq';
import {
  type SqliteStorage,
  sqlitePersistence,
  sqliteStorageOf,
  sqliteTransport,
} from '@busbar/sqlite';
import type { PoolClient } from 'pg';
import { plainLayer } from './plain-layer.ts';
import { steppedPool } from './stepped-pool.ts';
import type { Steps } from './steps.ts';

/** Where messages and data are. */
export type StoreAddress =
  | { readonly kind: 'sqlite'; readonly messages: string; readonly data: string }
  | {
      readonly kind: 'postgres';
      readonly amqp: string;
      readonly url: string;
      readonly layer: 'pg' | 'plain';
    };

/** A transaction of the user's own. */
export interface OwnTransaction {
  readonly storage: unknown;
  commit(): Promise<void>;
}

/** The same things to do on every kind of store. */
export interface Store {
  readonly transport: Transport;
  readonly persistence: Persistence;
  record(storage: unknown, effect: string, order: number): Promise<void>;
  begin(): Promise<OwnTransaction>;
  close(): Promise<void>;
}

const insert = 'INSERT INTO effects (effect, order_number) VALUES';

export function openStore(address: StoreAddress, steps?: Steps): Store {
  return address.kind === 'sqlite' ? openSqlite(address, steps) : openPostgres(address, steps);
}

function openSqlite(
  { messages, data }: StoreAddress & { kind: 'sqlite' },
  steps: Steps | undefined,
): Store {
  return {
    transport: sqliteTransport({ file: messages }),
    persistence: sqlitePersistence({ file: data }),
    record: async (storage, effect, order) => {
      // It is called later, by the writer of the file.
      const reached = AsyncLocalStorage.bind(() => {
        steps?.reach(`in the transaction, after writing ${effect}`);
      });
      (storage as SqliteStorage).write((transaction) => {
        transaction.run(`${insert} (?, ?)`, effect, order);
        reached();
      });
    },
    begin: async () => {
      const database = new DatabaseSync(data);
      database.exec('PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE');
      return {
        storage: sqliteStorageOf(database),
        commit: async () => {
          database.exec('COMMIT');
          database.close();
        },
      };
    },
    close: async () => {},
  };
}

function openPostgres(
  { amqp, url, layer }: StoreAddress & { kind: 'postgres' },
  steps: Steps | undefined,
): Store {
  const pool = steppedPool(url, steps);
  return {
    transport: rabbitMqTransport({ url: amqp, management: false }),
    persistence: layer === 'pg' ? pgPersistence(pool) : postgresPersistence(plainLayer(pool)),
    record: async (storage, effect, order) => {
      await (storage as PoolClient).query({
        name: 'effect',
        text: `${insert} ($1, $2)`,
        values: [effect, order],
      });
    },
    begin: async () => {
      const client = await pool.connect();
      await client.query('BEGIN');
      return {
        storage: client,
        commit: async () => {
          await client.query('COMMIT');
          client.release();
        },
      };
    },
    close: () => pool.end(),
  };
}
