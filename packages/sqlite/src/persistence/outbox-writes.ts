import type { StatementSync } from 'node:sqlite';
import { type TransportOperation, encodeOperations } from '@busbar/core';
import type { StatementSource } from './statements.ts';

/** Operations as they go into the tables. */
export interface EncodedOutbox {
  /** Those without partition key; undefined when there are none. */
  readonly record: string | undefined;
  readonly lanes: readonly EncodedLaneOperation[];
  /** About how much they write. */
  readonly bytes: number;
}

/** One operation of a partition key. */
export interface EncodedLaneOperation {
  readonly key: string;
  readonly operation: string;
}

/** What is done outside of the transaction: the texts may be large. */
export function encodeOutbox(operations: readonly TransportOperation[]): EncodedOutbox {
  const direct = operations.filter(({ partitionKey }) => partitionKey === undefined);
  const record = direct.length === 0 ? undefined : encodeOperations(direct);
  const lanes = operations.flatMap((operation) => {
    const { partitionKey: key } = operation;
    return key === undefined ? [] : [{ key, operation: encodeOperations([operation]) }];
  });
  let bytes = record?.length ?? 0;
  for (const { operation } of lanes) bytes += operation.length;
  return { record, lanes, bytes };
}

/** Stores operations for the relay, inside of the transaction of the caller, on any connection. */
export class OutboxWrites {
  readonly #endpointId: number;
  readonly #insertRecord: StatementSync;
  readonly #insertLane: StatementSync;
  readonly #insertKey: StatementSync;

  constructor(source: StatementSource, endpointId: number) {
    this.#endpointId = endpointId;
    this.#insertRecord = source.prepare(
      `INSERT INTO busbar_outbox (endpoint_id, held, free_at, committed_at, operations)
       VALUES (?, ?, ?, ?, ?)`,
    );
    this.#insertLane = source.prepare(
      `INSERT INTO busbar_outbox_lanes (endpoint_id, key, committed_at, operation)
       VALUES (?, ?, ?, ?)`,
    );
    // A key that has operations already waits for those first.
    this.#insertKey = source.prepare(
      `INSERT INTO busbar_outbox_keys (endpoint_id, key, held, free_at) VALUES (?, ?, ?, ?)
       ON CONFLICT DO NOTHING`,
    );
  }

  /**
   * @param orphaned Whether nobody but the relay will send them, so that it need not wait.
   * @returns the record, if there is one
   */
  store({ record, lanes }: EncodedOutbox, now: number, orphaned: boolean): number | undefined {
    const held = orphaned ? 1 : 0;
    for (const lane of lanes) this.append(lane, now, held);
    if (record === undefined) return undefined;
    const { lastInsertRowid } = this.#insertRecord.run(this.#endpointId, held, now, now, record);
    return Number(lastInsertRowid);
  }

  append({ key, operation }: EncodedLaneOperation, now: number, held: 0 | 1): void {
    this.#insertLane.run(this.#endpointId, key, now, operation);
    this.#insertKey.run(this.#endpointId, key, held, now);
  }
}
