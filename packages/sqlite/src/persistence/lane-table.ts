import type { StatementSync } from 'node:sqlite';
import type { ClaimRequest, LaneRequest } from '@busbar/core';
import { type BacklogRow, neverHeldUntil, oldestMs, unsent, unsentTimes } from './record-table.ts';
import type { StatementSource } from './statements.ts';

/** A claimed key with its oldest operations. */
export interface ClaimedLane {
  readonly key: string;
  readonly claim: number;
  readonly operations: readonly string[];
}

/** The operations with a partition key of an endpoint. Changes work inside of the transaction of their caller. */
export class LaneTable {
  readonly #endpointId: number;
  readonly #isWaiting: StatementSync;
  readonly #firstUnsent: StatementSync;
  readonly #claim: StatementSync;
  readonly #oldest: StatementSync;
  readonly #isClaimed: StatementSync;
  readonly #removeSent: StatementSync;
  readonly #removeKey: StatementSync;
  readonly #free: StatementSync;
  readonly #backlog: StatementSync;

  constructor(source: StatementSource, endpointId: number) {
    this.#endpointId = endpointId;
    this.#isWaiting = source.prepare(
      'SELECT 1 FROM busbar_outbox_keys WHERE endpoint_id = ? AND key = ?',
    );
    this.#firstUnsent = source.prepare(
      `SELECT key FROM busbar_outbox_keys WHERE endpoint_id = ? AND ${unsent}
       ORDER BY free_at LIMIT 1`,
    );
    this.#claim = source.prepare(
      `UPDATE busbar_outbox_keys SET held = 1, free_at = ?, claim = ?
       WHERE endpoint_id = ? AND key = ? AND (held = 0 OR free_at <= ? OR free_at > ?)`,
    );
    this.#oldest = source.prepare(
      `SELECT operation FROM busbar_outbox_lanes WHERE endpoint_id = ? AND key = ?
       ORDER BY seq LIMIT ?`,
    );
    this.#isClaimed = source.prepare(
      'SELECT 1 FROM busbar_outbox_keys WHERE endpoint_id = ? AND key = ? AND claim = ?',
    );
    this.#removeSent = source.prepare(
      `DELETE FROM busbar_outbox_lanes WHERE seq IN (
         SELECT seq FROM busbar_outbox_lanes WHERE endpoint_id = ? AND key = ? ORDER BY seq LIMIT ?
       )`,
    );
    this.#removeKey = source.prepare(
      `DELETE FROM busbar_outbox_keys WHERE endpoint_id = ? AND key = ? AND NOT EXISTS (
         SELECT 1 FROM busbar_outbox_lanes AS lane
         WHERE lane.endpoint_id = busbar_outbox_keys.endpoint_id AND lane.key = busbar_outbox_keys.key
       )`,
    );
    this.#free = source.prepare(
      `UPDATE busbar_outbox_keys SET held = 1, free_at = ?, claim = NULL
       WHERE endpoint_id = ? AND key = ?`,
    );
    this.#backlog = source.prepare(
      `SELECT count(*) AS waiting, ${oldestMs} FROM busbar_outbox_lanes WHERE endpoint_id = ?`,
    );
  }

  /** Whether something of the key is still to be sent, which nothing may overtake. */
  isWaiting(key: string): boolean {
    return this.#isWaiting.get(this.#endpointId, key) !== undefined;
  }

  /** A key whose operations nobody sends. */
  firstUnsent(request: ClaimRequest, now: number): string | undefined {
    const row = this.#firstUnsent.get(this.#endpointId, ...unsentTimes(request, now));
    return row?.['key'] as string | undefined;
  }

  claim(request: LaneRequest, claim: number, now: number): ClaimedLane | undefined {
    const { leaseMs, limit } = request;
    const id = this.#endpointId;
    const key = request.key ?? this.firstUnsent(request, now);
    if (key === undefined) return undefined;
    const never = neverHeldUntil(leaseMs, now);
    if (this.#claim.run(now + leaseMs, claim, id, key, now, never).changes === 0) return undefined;
    const rows = this.#oldest.all(id, key, limit);
    return { key, claim, operations: rows.map((row) => row['operation'] as string) };
  }

  /**
   * What comes to a key while it is held waits for whoever holds it: nobody else sends it, so it is free at once then. The
   * claim alone decides: whoever takes the key after its lease has one of its own, and until then what was sent is sent.
   */
  settle(key: string, claim: number, sent: number, freeAt: number): void {
    const id = this.#endpointId;
    if (this.#isClaimed.get(id, key, claim) === undefined) return;
    if (sent > 0) this.#removeSent.run(id, key, sent);
    if (this.#removeKey.run(id, key).changes === 0) this.#free.run(freeAt, id, key);
  }

  backlog(now: number): BacklogRow {
    return this.#backlog.get(now, this.#endpointId) as unknown as BacklogRow;
  }
}
