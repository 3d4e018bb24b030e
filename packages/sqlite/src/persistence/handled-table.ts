import type { StatementSync } from 'node:sqlite';
import { BusbarError } from '@busbar/core';
import type { StatementSource } from './statements.ts';

/** What is known of a handled message. */
export interface HandledRow {
  /** The record of what it sent. */
  readonly outbox: number | null;
  /** What of it is still to dispatch; null when all of it was. */
  readonly operations: string | null;
}

/** Which messages an endpoint has handled. Changes work inside of the transaction of their caller. */
export class HandledTable {
  readonly #endpoint: string;
  readonly #endpointId: number;
  readonly #find: StatementSync;
  readonly #insert: StatementSync;
  readonly #forget: StatementSync;

  constructor(source: StatementSource, endpoint: string, endpointId: number) {
    this.#endpoint = endpoint;
    this.#endpointId = endpointId;
    this.#find = source.prepare(
      `SELECT handled.outbox AS outbox, stored.operations AS operations
       FROM busbar_handled AS handled LEFT JOIN busbar_outbox AS stored ON stored.seq = handled.outbox
       WHERE handled.endpoint_id = ? AND handled.message_id = ?`,
    );
    this.#insert = source.prepare(
      `INSERT INTO busbar_handled (endpoint_id, message_id, handled_at, outbox)
       VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    );
    this.#forget = source.prepare(
      `DELETE FROM busbar_handled WHERE endpoint_id = ? AND message_id IN (
         SELECT message_id FROM busbar_handled AS old
         WHERE endpoint_id = ? AND handled_at BETWEEN ? AND ?
           AND NOT EXISTS (SELECT 1 FROM busbar_outbox WHERE seq = old.outbox)
         ORDER BY handled_at LIMIT ?
       ) RETURNING handled_at`,
    );
  }

  find(messageId: string): HandledRow | undefined {
    return this.#find.get(this.#endpointId, messageId) as unknown as HandledRow | undefined;
  }

  /** @throws BusbarError OUTBOX_CONFLICT */
  insert(messageId: string, now: number, record: number | undefined): void {
    const { changes } = this.#insert.run(this.#endpointId, messageId, now, record ?? null);
    if (changes !== 0) return;
    throw new BusbarError(
      'OUTBOX_CONFLICT',
      `Another attempt at message ${messageId} of endpoint "${this.#endpoint}" has committed already.`,
      { details: { messageId, endpoint: this.#endpoint } },
    );
  }

  /**
   * Removes up to `limit` rows, the oldest first, and tells when each was handled. A row with operations to dispatch
   * stays; the next call begins at the last time that this one gave, so that it is not looked at each time.
   */
  forget(from: number, until: number, limit: number): number[] {
    const id = this.#endpointId;
    const rows = this.#forget.all(id, id, from, until, limit);
    return rows.map((row) => row['handled_at'] as number);
  }
}
