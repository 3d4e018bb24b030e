import type { StatementSync } from 'node:sqlite';
import type { ClaimRequest } from '@busbar/core';
import type { StatementSource } from './statements.ts';

/** A record as it is stored. */
export interface RecordRow {
  readonly seq: number;
  readonly operations: string;
}

/** Nobody sends it; parameters: what was committed until then, and the present. */
export const unsent = '((held = 0 AND free_at <= ?) OR (held = 1 AND free_at <= ?))';

/** The operations without partition key of an endpoint. Changes work inside of the transaction of their caller. */
export class RecordTable {
  readonly #endpointId: number;
  readonly #remove: StatementSync;
  readonly #keep: StatementSync;
  readonly #hasUnsent: StatementSync;
  readonly #claim: StatementSync;
  readonly #backlog: StatementSync;

  constructor(source: StatementSource, endpointId: number) {
    this.#endpointId = endpointId;
    this.#remove = source.prepare('DELETE FROM busbar_outbox WHERE seq = ? AND endpoint_id = ?');
    this.#keep = source.prepare(
      `UPDATE busbar_outbox SET operations = ?, held = 1, free_at = ?, claim = NULL
       WHERE seq = ? AND endpoint_id = ?`,
    );
    this.#hasUnsent = source.prepare(
      `SELECT 1 FROM busbar_outbox WHERE endpoint_id = ? AND ${unsent} LIMIT 1`,
    );
    this.#claim = source.prepare(
      `UPDATE busbar_outbox SET held = 1, free_at = ?, claim = ? WHERE seq IN (
         SELECT seq FROM busbar_outbox WHERE endpoint_id = ? AND ${unsent} ORDER BY seq LIMIT ?
       ) RETURNING seq, operations`,
    );
    this.#backlog = source.prepare(
      'SELECT count(*) AS waiting, min(committed_at) AS oldest FROM busbar_outbox WHERE endpoint_id = ?',
    );
  }

  remove(record: string): void {
    this.#remove.run(Number(record), this.#endpointId);
  }

  keep(record: string, operations: string, freeAt: number): void {
    this.#keep.run(operations, freeAt, Number(record), this.#endpointId);
  }

  hasUnsent(now: number, graceMs: number): boolean {
    return this.#hasUnsent.get(this.#endpointId, now - graceMs, now) !== undefined;
  }

  claim({ limit, graceMs, leaseMs }: ClaimRequest, claim: number, now: number): RecordRow[] {
    const rows = this.#claim.all(now + leaseMs, claim, this.#endpointId, now - graceMs, now, limit);
    return (rows as unknown as RecordRow[]).sort((a, b) => a.seq - b.seq);
  }

  backlog(): BacklogRow {
    return this.#backlog.get(this.#endpointId) as unknown as BacklogRow;
  }
}

/** How many rows there are, and when the oldest was committed. */
export interface BacklogRow {
  readonly waiting: number;
  readonly oldest: number | null;
}
