import type { TestDatabase } from '../../../support/postgres/test-database.ts';
import { effects } from '../shop/effects.ts';

/** What became of a shop's orders; each list names at most ten. */
export interface ShopAccount {
  readonly orders: number;
  readonly lost: readonly string[];
  readonly duplicated: readonly string[];
  readonly stuckSagas: readonly string[];
  /** Rows that wait in the outbox and its lanes. */
  readonly waiting: number;
}

/** Effects that have happened, twice counted twice. */
export async function effectsSoFar(database: TestDatabase): Promise<number> {
  const [row] = await database.rows<{ n: number }>('SELECT count(*)::int AS n FROM effects');
  return row?.n ?? 0;
}

/** Compares what happened with what must happen: each effect of each order from 0 on, once. */
export async function accountOf(database: TestDatabase, orders: number): Promise<ShopAccount> {
  const names = Object.keys(effects);
  const lost = await database.rows<{ what: string }>(
    `SELECT e || ' ' || n AS what FROM unnest($1::text[]) AS e, generate_series(0, $2::int - 1) AS n
     WHERE NOT EXISTS (SELECT FROM effects WHERE effect = e AND order_number = n) LIMIT 10`,
    [names, orders],
  );
  const duplicated = await database.rows<{ what: string }>(
    `SELECT effect || ' ' || order_number || ': ' || string_agg(message_id, ', ') AS what
     FROM effects GROUP BY effect, order_number HAVING count(*) > 1 LIMIT 10`,
  );
  const sagas = await database.rows<{ what: string }>(
    'SELECT state AS what FROM busbar_sagas LIMIT 10',
  );
  const [waiting] = await database.rows<{ n: number }>(
    'SELECT ((SELECT count(*) FROM busbar_outbox) + (SELECT count(*) FROM busbar_lanes))::int AS n',
  );
  const told = (rows: readonly { what: string }[]): string[] => rows.map(({ what }) => what);
  return {
    orders,
    lost: told(lost),
    duplicated: told(duplicated),
    stuckSagas: told(sagas),
    waiting: waiting?.n ?? 0,
  };
}
