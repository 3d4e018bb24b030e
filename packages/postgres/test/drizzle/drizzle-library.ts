import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, pgTable, text } from 'drizzle-orm/pg-core';
import { type DrizzleTransaction, drizzlePersistence } from '../../src/drizzle/index.ts';
import { DrizzleLayer } from '../../src/drizzle/drizzle-layer.ts';
import type { Library } from '../data-layers/library.ts';

const accounts = pgTable('accounts', {
  id: text().primaryKey(),
  accountBalance: integer().notNull(),
});
export const schema = { accounts };

export const drizzleLibrary: Library<DrizzleTransaction<typeof schema>> = {
  name: 'drizzle',
  tellsLoss: true,
  open: async (database, max) => {
    const pool = database.pool({ max });
    const db = drizzle(pool, { schema, casing: 'snake_case' });
    return {
      layer: new DrizzleLayer(db),
      persistence: (options) => drizzlePersistence(db, options),
      addAccount: async (transaction, id) => {
        await transaction.insert(accounts).values({ id, accountBalance: 7 });
      },
      query: async (transaction, statement) => (await transaction.execute(sql.raw(statement))).rows,
      transaction: (work) => db.transaction(work),
      close: () => pool.end(),
    };
  },
};
