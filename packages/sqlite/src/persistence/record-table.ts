import type { StatementSync } from 'node:sqlite';
import type { ClaimRequest } from '@busbar/core';
import type { StatementSource } from './statements.ts';

/** A record as it is stored. */
export interface RecordRow {
  readonly seq: number;
  readonly operations: string;
}

/** Longer than any pause between two attempts, in milliseconds. */
const longestPauseMs = 600_000;

/** Nobody sends it; for the parameters see {@link unsentTimes}. */
export const unsent = `((held = 0 AND free_at <= ?) OR (held = 1 AND free_at <= ?)
  OR (held = 0 AND free_at > ?) OR (held = 1 AND free_at > ?))`;

/** The parameters of {@link unsent}. */
export function unsentTimes(
  { graceMs, leaseMs }: ClaimRequest,
  now: number,
): [number, number, number, number] {
  const never = neverHeldUntil(leaseMs, now);
  return [now - graceMs, now, never, never];
}

/**
 * What is later than this was written before the clock was set back. It is due: whoever holds it would else seem to hold
 * it until the clock has caught up.
 */
export function neverHeldUntil(leaseMs: number, now: number): number {
  return now + leaseMs + longestPauseMs;
}

/**
 * The column of {@link BacklogRow}; parameter: the present. What is from the future was committed before the clock was set
 * back, so it has waited for long.
 */
export const oldestMs = 'coalesce(max(abs(? - committed_at)), 0) AS oldestMs';

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
      `SELECT count(*) AS waiting, ${oldestMs} FROM busbar_outbox WHERE endpoint_id = ?`,
    );
  }

  remove(record: string): void {
    this.#remove.run(Number(record), this.#endpointId);
  }

  keep(record: string, operations: string, freeAt: number): void {
    this.#keep.run(operations, freeAt, Number(record), this.#endpointId);
  }

  hasUnsent(request: ClaimRequest, now: number): boolean {
    return this.#hasUnsent.get(this.#endpointId, ...unsentTimes(request, now)) !== undefined;
  }

  claim(request: ClaimRequest, claim: number, now: number): RecordRow[] {
    const { leaseMs, limit } = request;
    const times = unsentTimes(request, now);
    const rows = this.#claim.all(now + leaseMs, claim, this.#endpointId, ...times, limit);
    return (rows as unknown as RecordRow[]).sort((a, b) => a.seq - b.seq);
  }

  backlog(now: number): BacklogRow {
    return this.#backlog.get(now, this.#endpointId) as unknown as BacklogRow;
  }
}

/** How many rows there are, and for how long the oldest has waited. */
export interface BacklogRow {
  readonly waiting: number;
  readonly oldestMs: number;
}
