import knex, { type Knex } from 'knex';
import { KnexLayer } from '../../src/knex/knex-layer.ts';
import { knexPersistence } from '../../src/knex/index.ts';
import type { Library } from '../data-layers/library.ts';

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

export const knexLibrary: Library<Knex.Transaction> = {
  name: 'knex',
  tellsLoss: true,
  open: async (database, max) => {
    const db = knex({
      client: 'pg',
      connection: database.url,
      pool: { min: 0, max },
      log: { warn: () => {} },
      wrapIdentifier: (name, quoted) => quoted(snakeCase(name)),
      // What users rename, and wish for, must not reach the outbox.
      postProcessResponse: (result: { rows?: unknown[] }) => ({ renamed: result.rows ?? result }),
    });
    return {
      layer: new KnexLayer(db),
      persistence: (options) => knexPersistence(db, options),
      addAccount: async (transaction, id) => {
        await transaction('accounts').insert({ id, accountBalance: 7 });
      },
      query: async (transaction, text) => {
        const { renamed } = (await transaction.raw(text)) as unknown as {
          renamed: Record<string, unknown>[];
        };
        return renamed;
      },
      transaction: (work) => db.transaction(work),
      close: () => db.destroy(),
    };
  },
};
