import { ownProcess } from '../end-connection.ts';
import { type Prepared, statement } from '../statement.ts';
import type { TableNames } from '../tables/table-names.ts';
import { begun, within } from './guard.ts';

/** The statements of sessions, with their parameters in order. */
export interface SessionStatements {
  /** () → begun */
  readonly begin: Prepared;
  /** (endpoint, message id) → begun, message_id, operations, record */
  readonly lookUp: Prepared;
  /** (begun) */
  readonly guard: Prepared;
  /** (begun, endpoint, message id) */
  readonly storeHandled: Prepared;
  /** (begun, endpoint, message id, record, operations) */
  readonly storeHandledAndRecord: Prepared;
  /** (begun, endpoint, record, operations) */
  readonly storeRecord: Prepared;
  /** (begun, endpoint, keys, operations) */
  readonly storeLanes: Prepared;
  /** (endpoint, record, operations) */
  readonly joinRecord: Prepared;
  /** (endpoint, keys, operations) */
  readonly joinLanes: Prepared;
  /** (type, value) → the saga */
  readonly findSaga: Readonly<Record<'id' | 'correlation', { plain: Prepared; locked: Prepared }>>;
  /** (begun, type, id, correlation, version, state) */
  readonly insertSaga: Prepared;
  /** (begun, type, id, found version, version, state) */
  readonly updateSaga: Prepared;
  /** (begun, type, id, version) */
  readonly removeSaga: Prepared;
}

export function sessionStatements(names: TableNames): SessionStatements {
  return {
    begin: statement('begin', `SELECT ${begun}::text AS begun, ${ownProcess} AS process`),
    lookUp: statement(
      'look_up',
      `SELECT ${begun}::text AS begun, ${ownProcess} AS process, h.message_id, o.id::text AS record, o.operations
FROM (SELECT 1) AS one
LEFT JOIN ${names.handled} AS h ON h.endpoint = $1 AND h.message_id = $2
LEFT JOIN ${names.outbox} AS o ON o.id = h.outbox_id`,
    ),
    guard: statement('guard', `SELECT 1 AS held WHERE ${within('$1')}`),
    storeHandled: statement(
      'store_handled',
      `INSERT INTO ${names.handled} (endpoint, message_id)
SELECT $2::text, $3::text WHERE ${within('$1')}`,
    ),
    storeHandledAndRecord: statement(
      'store_both',
      `WITH record AS (
  INSERT INTO ${names.outbox} (id, endpoint, operations)
  SELECT $4::uuid, $2::text, $5::text WHERE ${within('$1')} RETURNING id
)
INSERT INTO ${names.handled} (endpoint, message_id, outbox_id)
SELECT $2::text, $3::text, id FROM record`,
    ),
    storeRecord: statement(
      'store_record',
      `INSERT INTO ${names.outbox} (id, endpoint, operations)
SELECT $3::uuid, $2::text, $4::text WHERE ${within('$1')}`,
    ),
    storeLanes: statement('store_lanes', storeLanes(names, within('$1'), 2, 'NULL')),
    joinRecord: statement(
      'join_record',
      `INSERT INTO ${names.outbox} (id, endpoint, operations, claimable_at)
VALUES ($2::uuid, $1, $3, '-infinity')`,
    ),
    joinLanes: statement('join_lanes', storeLanes(names, 'true', 1, `'-infinity'`)),
    findSaga: {
      id: findSaga(names, 'id'),
      correlation: findSaga(names, 'correlation'),
    },
    insertSaga: statement(
      'insert_saga',
      `INSERT INTO ${names.sagas} (type, id, correlation, version, state)
SELECT $2::text, $3::text, $4::text, $5::integer, $6::text WHERE ${within('$1')}`,
    ),
    updateSaga: statement(
      'update_saga',
      `UPDATE ${names.sagas} SET version = $5::integer, state = $6, updated_at = clock_timestamp()
WHERE type = $2 AND id = $3 AND version = $4::integer AND ${within('$1')}`,
    ),
    removeSaga: statement(
      'remove_saga',
      `DELETE FROM ${names.sagas}
WHERE type = $2 AND id = $3 AND version = $4::integer AND ${within('$1')}`,
    ),
  };
}

/**
 * Takes the keys before it takes numbers, and holds them to the end of the transaction: so the numbers of a key are in the
 * order of the commits. All take them in the same order, that of their hashes, and nobody waits for another in a circle.
 */
function storeLanes(names: TableNames, guard: string, first: number, claimedUntil: string): string {
  const [endpoint, keys, operations] = [first, first + 1, first + 2].map((each) => `$${each}`);
  const lock = `hashtextextended(${endpoint}::text || '/' || key, 0)`;
  return `WITH hashes AS MATERIALIZED (
  SELECT DISTINCT ${lock} AS hash FROM unnest(${keys}::text[]) AS key WHERE ${guard} ORDER BY hash
), locks AS MATERIALIZED (
  SELECT pg_advisory_xact_lock(hash)::text AS locked FROM hashes
), held AS MATERIALIZED (
  SELECT count(locked) AS count FROM locks
)
INSERT INTO ${names.lanes} (endpoint, key, operation, claimed_until)
SELECT ${endpoint}::text, o.key, o.operation, ${claimedUntil}::timestamptz
FROM held, unnest(${keys}::text[], ${operations}::text[]) WITH ORDINALITY AS o (key, operation, place)
WHERE held.count > 0
ORDER BY o.place`;
}

function findSaga(
  names: TableNames,
  column: 'id' | 'correlation',
): { plain: Prepared; locked: Prepared } {
  const text = `SELECT type, id, correlation, version, state FROM ${names.sagas}
WHERE type = $1 AND ${column} = $2`;
  return {
    plain: statement('find_saga', text),
    locked: statement('lock_saga', `${text} FOR UPDATE`),
  };
}
