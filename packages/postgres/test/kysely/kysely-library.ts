import { type Transaction, CamelCasePlugin, CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import { KyselyLayer } from '../../src/kysely/kysely-layer.ts';
import { kyselyPersistence } from '../../src/kysely/index.ts';
import type { Library } from '../data-layers/library.ts';

export interface Tables {
  accounts: { id: string; accountBalance: number };
}

export const kyselyLibrary: Library<Transaction<Tables>> = {
  name: 'kysely',
  tellsLoss: false,
  open: async (database, max) => {
    const pool = database.pool({ max });
    pool.on('connect', (client) => client.on('error', () => {}));
    const db = new Kysely<Tables>({
      dialect: new PostgresDialect({ pool }),
      plugins: [new CamelCasePlugin()],
    });
    return {
      layer: new KyselyLayer(db),
      persistence: (options) => kyselyPersistence(db, options),
      addAccount: async (transaction, id) => {
        await transaction.insertInto('accounts').values({ id, accountBalance: 7 }).execute();
      },
      query: async (transaction, text) => {
        const { rows } = await transaction.executeQuery(CompiledQuery.raw(text));
        return rows as Record<string, unknown>[];
      },
      transaction: (work) => db.transaction().execute(work),
      close: () => db.destroy(),
    };
  },
};
