import type { StatementSync } from 'node:sqlite';
import { BusbarError, type SagaChange, type SagaQuery, type StoredSaga } from '@busbar/core';
import type { StatementSource } from './statements.ts';

interface SagaRow {
  readonly id: string;
  readonly correlation: string | null;
  readonly version: number;
  readonly state: string;
}

const columns = 'id, correlation, version, state';

/** The sagas of a file, of all types and endpoints. Changes work inside of the transaction of their caller. */
export class SagaTable {
  readonly #byId: StatementSync;
  readonly #byCorrelation: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #remove: StatementSync;

  constructor(source: StatementSource) {
    this.#byId = source.prepare(`SELECT ${columns} FROM busbar_sagas WHERE type = ? AND id = ?`);
    this.#byCorrelation = source.prepare(
      `SELECT ${columns} FROM busbar_sagas WHERE type = ? AND correlation = ?`,
    );
    this.#insert = source.prepare(
      `INSERT INTO busbar_sagas (type, id, correlation, version, state) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    );
    this.#update = source.prepare(
      'UPDATE busbar_sagas SET version = ?, state = ? WHERE type = ? AND id = ? AND version = ?',
    );
    this.#remove = source.prepare(
      'DELETE FROM busbar_sagas WHERE type = ? AND id = ? AND version = ?',
    );
  }

  /** Nobody can be kept from changing it meanwhile: the version tells at the commit. */
  find({ type, by, value }: SagaQuery): StoredSaga | undefined {
    const statement = by === 'id' ? this.#byId : this.#byCorrelation;
    const row = statement.get(type, value) as unknown as SagaRow | undefined;
    if (row === undefined) return undefined;
    const { id, correlation, version, state } = row;
    return { type, id, correlation: correlation ?? undefined, version, state };
  }

  /** @throws BusbarError SAGA_CONFLICT */
  apply(changes: readonly SagaChange[]): void {
    for (const change of changes) if (!this.#apply(change)) throw conflict(change.saga);
  }

  #apply({ kind, saga }: SagaChange): boolean {
    const { type, id, correlation, version, state } = saga;
    if (kind === 'insert') {
      return this.#insert.run(type, id, correlation ?? null, version, state).changes !== 0;
    }
    if (kind === 'remove') return this.#remove.run(type, id, version).changes !== 0;
    return this.#update.run(version, state, type, id, version - 1).changes !== 0;
  }
}

function conflict({ type, id, correlation }: StoredSaga): BusbarError {
  return new BusbarError(
    'SAGA_CONFLICT',
    `Saga ${type} ${id} was changed, or one with its correlation made, by another message.`,
    { details: { saga: type, sagaId: id, correlation } },
  );
}
