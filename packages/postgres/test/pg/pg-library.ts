import type { PoolClient } from 'pg';
import { PgLayer } from '../../src/pg/pg-layer.ts';
import { pgPersistence } from '../../src/pg/index.ts';
import type { Library } from '../data-layers/library.ts';

export const pgLibrary: Library<PoolClient> = {
  name: 'pg',
  tellsLoss: true,
  open: async (database, max) => {
    const pool = database.pool({ max });
    return {
      layer: new PgLayer(pool),
      persistence: (options) => pgPersistence(pool, options),
      addAccount: async (client, id) => {
        await client.query('INSERT INTO accounts VALUES ($1, 7)', [id]);
      },
      query: async (client, text) => (await client.query(text)).rows,
      transaction: async (work) => {
        const client = await pool.connect();
        try {
          await client.query('BEGIN');
          await work(client);
          await client.query('COMMIT');
        } catch (error) {
          await client.query('ROLLBACK');
          throw error;
        } finally {
          client.release();
        }
      },
      close: () => pool.end(),
    };
  },
};
