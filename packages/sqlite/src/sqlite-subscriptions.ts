import type { Subscriptions } from '@busbar/core';
import type { SharedStore } from './store/shared-store.ts';
import { storeError } from './store/store-errors.ts';

/** Which queues of a file get which topics. */
export class SqliteSubscriptions implements Subscriptions {
  readonly #store: SharedStore;

  constructor(store: SharedStore) {
    this.#store = store;
  }

  async subscribe(queue: string, topics: readonly string[]): Promise<void> {
    const { topology, writer } = this.#store;
    await writer.submit(() => topology.subscribe(queue, topics), true);
  }

  async unsubscribe(queue: string, topics: readonly string[]): Promise<void> {
    const { topology, writer } = this.#store;
    await writer.submit(() => topology.unsubscribe(queue, topics), true);
  }

  async list(queue: string): Promise<readonly string[]> {
    const { file, topology } = this.#store;
    try {
      topology.refresh();
      return topology.topicsOf(queue);
    } catch (error) {
      throw storeError(file.path, error);
    }
  }
}
