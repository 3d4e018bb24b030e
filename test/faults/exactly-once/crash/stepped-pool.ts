import { AsyncLocalStorage } from 'node:async_hooks';
import pg from 'pg';
import type { Steps } from './steps.ts';

type Query = (...given: unknown[]) => unknown;
type Callback = (...result: unknown[]) => void;

/** A pool where each statement, or what goes to the server with it in one write, is a step. */
export function steppedPool(connectionString: string, steps: Steps | undefined): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 4 });
  if (steps !== undefined) pool.on('connect', (client) => stepQueries(client, steps));
  return pool;
}

function stepQueries(client: pg.PoolClient, steps: Steps): void {
  const query = client.query.bind(client) as Query;
  const stepped: Query = (...given) => {
    const name = nameOf(given[0]);
    steps.reach(`before the statement ${name}`);
    const reached = AsyncLocalStorage.bind(() => steps.reach(`after the statement ${name}`));
    const then =
      (callback: Callback): Callback =>
      (...result) => {
        reached();
        callback(...result);
      };
    const last = given.at(-1);
    if (typeof last === 'function') return query(...given.slice(0, -1), then(last as Callback));
    const [first] = given;
    if (hasCallback(first)) {
      first.callback = then(first.callback);
      return query(...given);
    }
    const result = query(...given) as Promise<unknown>;
    return result.finally(reached);
  };
  client.query = stepped as typeof client.query;
}

/** As the statements of batches do. */
function hasCallback(query: unknown): query is { callback: Callback } {
  return typeof query === 'object' && query !== null && 'submit' in query && 'callback' in query;
}

/** The name under which it is prepared, or else its first words. */
function nameOf(query: unknown): string {
  const { name, text } =
    typeof query === 'string' ? { name: undefined, text: query } : (query as pg.QueryConfig);
  return name ?? text.split(/[\s;]+/, 3).join(' ');
}
