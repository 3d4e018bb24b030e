import { BusbarError } from '../../errors.ts';
import type { SagaChange, SagaQuery, StoredSaga } from '../stored-saga.ts';

/** The sagas of one store, by type. */
export class MemorySagas {
  readonly #byId = new Map<string, StoredSaga>();
  readonly #idByCorrelation = new Map<string, string>();

  find({ type, by, value }: SagaQuery): StoredSaga | undefined {
    const id = by === 'id' ? value : this.#idByCorrelation.get(keyOf(type, value));
    return id === undefined ? undefined : this.#byId.get(keyOf(type, id));
  }

  /** @throws BusbarError SAGA_CONFLICT when one of the changes cannot be made any more; none was made. */
  check(changes: readonly SagaChange[]): void {
    const correlations = new Set<string>();
    for (const { kind, saga } of changes) {
      const stored = this.#byId.get(keyOf(saga.type, saga.id));
      const found = kind === 'update' ? saga.version - 1 : saga.version;
      if (kind !== 'insert' && stored?.version !== found) throw conflict(saga);
      if (kind !== 'insert') continue;
      if (stored !== undefined) throw conflict(saga);
      if (saga.correlation === undefined) continue;
      const key = keyOf(saga.type, saga.correlation);
      if (this.#idByCorrelation.has(key) || correlations.has(key)) throw conflict(saga);
      correlations.add(key);
    }
  }

  /** Carries out what {@link MemorySagas.check} has let through. */
  apply(changes: readonly SagaChange[]): void {
    for (const { kind, saga } of changes) {
      const key = keyOf(saga.type, saga.id);
      if (kind === 'remove') this.#byId.delete(key);
      else this.#byId.set(key, Object.freeze({ ...saga }));
      if (saga.correlation === undefined) continue;
      const correlation = keyOf(saga.type, saga.correlation);
      if (kind === 'remove') this.#idByCorrelation.delete(correlation);
      else this.#idByCorrelation.set(correlation, saga.id);
    }
  }

  /** All of a type, for assertions. */
  ofType(type: string): readonly StoredSaga[] {
    return [...this.#byId.values()].filter((saga) => saga.type === type);
  }
}

function keyOf(type: string, name: string): string {
  return JSON.stringify([type, name]);
}

function conflict({ type, id, correlation }: StoredSaga): BusbarError {
  return new BusbarError(
    'SAGA_CONFLICT',
    `Saga ${type} ${id} was changed, or one with its correlation made, by another message.`,
    { details: { saga: type, sagaId: id, correlation } },
  );
}
