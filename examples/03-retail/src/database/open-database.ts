import type { ShopDatabase } from './shop-database.ts';
import { SqliteShopDatabase } from './sqlite-shop-database.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The database that the environment names: `BUSBAR_DATABASE`, else the file of the embedded transport, else a SQLite file
 * of this service.
 */
export async function openDatabase(
  service: string,
  env: Environment = process.env,
): Promise<ShopDatabase> {
  const transport = env['BUSBAR_TRANSPORT'] ?? 'sqlite:.busbar/dev.db';
  const own = transport.startsWith('sqlite:') ? transport : `sqlite:.busbar/${service}.db`;
  const url = env['BUSBAR_DATABASE'] ?? own;
  if (url.startsWith('sqlite:')) return openSqlite(url);
  if (/^postgres(ql)?:/.test(url)) return openPostgres(url, env['BUSBAR_DEMO_RUN']);
  throw new Error(`BUSBAR_DATABASE is "${url}"; write postgres://… or sqlite:FILE.`);
}

/** A run of the demo has a schema of its own, as it has queues of its own. */
export async function openPostgres(url: string, run = 'retail') {
  const { PostgresShopDatabase } = await import('./postgres-shop-database.ts');
  return new PostgresShopDatabase(url, run.replaceAll('-', '_'));
}

/** Reads the URL as the transport does. */
function openSqlite(url: string): SqliteShopDatabase {
  const [path = '', query] = url.slice('sqlite:'.length).split('?');
  const file = decodeURIComponent(path.replace(/^\/\/(?=\/)/, ''));
  const durability = new URLSearchParams(query).get('durability');
  return new SqliteShopDatabase(file, durability === 'normal' ? 'normal' : 'full');
}
