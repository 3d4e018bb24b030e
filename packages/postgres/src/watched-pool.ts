import type { ClientBase, Pool } from 'pg';

/**
 * Hears the losses of all connections of a pool. It lends a connection on within the very answer that ends its last use, and
 * the server may have said in the same breath that it goes: whoever gets it has no listener yet, and the error would end the
 * process.
 */
export class WatchedPool {
  static readonly #known = new WeakMap<Pool, WatchedPool>();
  readonly #losses = new WeakMap<ClientBase, Error | undefined>();

  /** One for all endpoints that share a pool: each would add a listener to it, and none goes before the pool does. */
  static of(pool: Pool): WatchedPool {
    const known = WatchedPool.#known.get(pool) ?? new WatchedPool(pool);
    WatchedPool.#known.set(pool, known);
    return known;
  }

  private constructor(pool: Pool) {
    // An idle connection that breaks is replaced by the pool.
    pool.on('error', () => {});
    pool.on('acquire', (client) => {
      if (this.#losses.has(client)) return;
      this.#losses.set(client, undefined);
      client.on('error', (error) => this.#losses.set(client, this.lossOf(client) ?? error));
    });
  }

  /** Why the connection was lost, which later statements would not say. */
  lossOf(client: ClientBase): Error | undefined {
    return this.#losses.get(client);
  }
}
