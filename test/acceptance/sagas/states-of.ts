import type { MemoryPersistence } from '@busbar/core';

/** The states of the instances of a saga, as they are stored. */
export function statesOf(persistence: MemoryPersistence, saga: string): readonly object[] {
  return persistence
    .sagas(saga)
    .map(({ state }) => (JSON.parse(state) as { readonly state: object }).state);
}
