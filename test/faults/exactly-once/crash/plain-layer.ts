import type {
  DataLayer,
  OpenTransaction,
  SqlResult,
  SqlRunner,
  SqlStatement,
} from '@busbar/postgres';
import type pg from 'pg';

/** `pg` with a round trip for each statement, `BEGIN` and `COMMIT` too, as most data layers have it. */
export function plainLayer(pool: pg.Pool): DataLayer<pg.PoolClient> {
  return {
    name: 'plain pg',
    run: (statement) => run(pool, statement),
    begin: async () => {
      const client = await pool.connect();
      await client.query('BEGIN');
      return openTransaction(client);
    },
    within: (client): SqlRunner => ({ run: (statement) => run(client, statement) }),
  };
}

function openTransaction(client: pg.PoolClient): OpenTransaction<pg.PoolClient> {
  const end = async (how: string): Promise<void> => {
    let failed = true;
    try {
      const { command } = await client.query(how);
      failed = false;
      if (command !== how) throw new Error(`${how} gave ${command}.`);
    } finally {
      client.release(failed);
    }
  };
  return {
    transaction: client,
    run: (statement) => run(client, statement),
    commit: async (last) => {
      if (last !== undefined) {
        try {
          const { count } = await run(client, last);
          if (count === 0) throw new Error('The transaction is not ours any more.');
        } catch (error) {
          await end('ROLLBACK');
          throw error;
        }
      }
      await end('COMMIT');
    },
    rollback: () => end('ROLLBACK'),
  };
}

async function run(
  target: pg.Pool | pg.PoolClient,
  { name, text, values }: SqlStatement,
): Promise<SqlResult> {
  const { rows, rowCount } = await target.query({ name, text, values: values as unknown[] });
  return { rows: rows as SqlResult['rows'], count: rowCount ?? 0 };
}
