import { type Prepared, statement } from '../statement.ts';
import type { TableNames } from '../tables/table-names.ts';

/** The statements of the outbox, with their parameters in order; all times are milliseconds. */
export interface OutboxStatements {
  /** (records) */
  readonly mark: Prepared;
  /** (record, operations, after) */
  readonly keep: Prepared;
  /** (endpoint, grace) */
  readonly see: Prepared;
  /** (endpoint, limit, lease) → record, operations */
  readonly claim: Prepared;
  /** (endpoint, key, limit, lease, claim) → seq, key, operation */
  readonly claimLane: Prepared;
  /** (endpoint, grace, limit, lease, claim) → seq, key, operation */
  readonly claimAnyLane: Prepared;
  /** (endpoint, key, claim, sent, after) */
  readonly settleLane: Prepared;
  /** (endpoint, from, keep, limit) → seen, forgotten, last */
  readonly forget: Prepared;
  /** (endpoint) → waiting, oldest */
  readonly backlog: Prepared;
}

/** The time at which a value is written. */
const now = 'clock_timestamp()';

/** When the statement began, each being a transaction of its own; unlike the other an index can be searched by it. */
const start = 'now()';

function after(parameter: string): string {
  return `${now} + ${parameter}::double precision * interval '1 millisecond'`;
}

function before(parameter: string): string {
  return `${start} - ${parameter}::double precision * interval '1 millisecond'`;
}

export function outboxStatements(names: TableNames): OutboxStatements {
  const { outbox, lanes, handled } = names;
  return {
    mark: statement('mark', `DELETE FROM ${outbox} WHERE id = ANY ($1::uuid[])`),
    keep: statement(
      'keep',
      `UPDATE ${outbox} SET operations = $2, claimable_at = ${after('$3')} WHERE id = $1::uuid`,
    ),
    // Seen by a transaction that began after the commit: however long that took, the time counts from here.
    see: statement(
      'see',
      `UPDATE ${outbox} SET claimable_at = ${after('$2')}
WHERE id IN (
  SELECT id FROM ${outbox} WHERE endpoint = $1 AND claimable_at IS NULL FOR UPDATE SKIP LOCKED
)`,
    ),
    claim: statement(
      'claim',
      `WITH due AS MATERIALIZED (
  SELECT id FROM ${outbox} WHERE endpoint = $1 AND claimable_at <= ${start}
  ORDER BY claimable_at LIMIT $2::integer FOR UPDATE SKIP LOCKED
)
UPDATE ${outbox} AS o SET claimable_at = ${after('$3')}, attempts = o.attempts + 1
FROM due WHERE o.id = due.id
RETURNING o.id::text AS record, o.operations`,
    ),
    claimLane: statement('claim_lane', claimLane(names)),
    claimAnyLane: statement('claim_any_lane', claimAnyLane(names)),
    // By the claim alone, even after its lease: who has taken the lane since then has another one.
    settleLane: statement(
      'settle_lane',
      `WITH mine AS MATERIALIZED (
  SELECT seq FROM ${lanes}
  WHERE endpoint = $1 AND key = $2 AND claim = $3
  ORDER BY seq FOR UPDATE
), numbered AS MATERIALIZED (
  SELECT seq, row_number() OVER (ORDER BY seq) AS place FROM mine
), gone AS (
  DELETE FROM ${lanes} AS l USING numbered AS n WHERE l.seq = n.seq AND n.place <= $4::integer
), next AS MATERIALIZED (
  SELECT min(seq) AS seq FROM ${lanes}
  WHERE endpoint = $1 AND key = $2 AND EXISTS (SELECT FROM mine)
    AND seq > coalesce((SELECT max(seq) FROM numbered WHERE place <= $4::integer), 0)
)
UPDATE ${lanes} AS l SET claim = NULL, claimed_until =
  CASE WHEN l.seq = next.seq AND $5::double precision > 0 THEN ${after('$5')} END
FROM next WHERE l.endpoint = $1 AND l.key = $2
  AND (l.seq = next.seq OR l.seq IN (SELECT seq FROM numbered WHERE place > $4::integer))`,
    ),
    // The oldest first, and only then those of them that may go: so it stays a walk along the index.
    forget: statement(
      'forget',
      `WITH old AS MATERIALIZED (
  SELECT h.ctid AS place, h.outbox_id, h.handled_at FROM ${handled} AS h
  WHERE h.endpoint = $1 AND h.handled_at >= $2::timestamptz AND h.handled_at < ${before('$3')}
  ORDER BY h.handled_at LIMIT $4::integer FOR UPDATE OF h SKIP LOCKED
), gone AS (
  DELETE FROM ${handled} WHERE ctid = ANY (ARRAY(
    SELECT place FROM old WHERE NOT EXISTS (SELECT FROM ${outbox} AS o WHERE o.id = old.outbox_id)
  )) RETURNING 1
)
SELECT count(*)::text AS seen, (SELECT count(*) FROM gone)::text AS forgotten,
  to_char(max(handled_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS last
FROM old`,
    ),
    backlog: statement(
      'backlog',
      `SELECT count(*)::text AS waiting,
  (extract(epoch FROM ${now} - min(created_at)) * 1000)::text AS oldest
FROM (
  SELECT created_at FROM ${outbox} WHERE endpoint = $1
  UNION ALL SELECT created_at FROM ${lanes} WHERE endpoint = $1
) AS waiting`,
    ),
  };
}

/** The oldest row stands for the key: who has locked and marked it has the key. */
function claimLane({ lanes }: TableNames): string {
  return `WITH head AS MATERIALIZED (
  SELECT seq FROM ${lanes} WHERE endpoint = $1 AND key = $2 ORDER BY seq LIMIT 1
), held AS MATERIALIZED (
  SELECT l.seq FROM ${lanes} AS l JOIN head ON head.seq = l.seq
  WHERE l.claimed_until IS NULL OR l.claimed_until <= ${start}
  FOR UPDATE OF l SKIP LOCKED
), taken AS MATERIALIZED (
  SELECT seq FROM ${lanes} WHERE endpoint = $1 AND key = $2 AND EXISTS (SELECT FROM held)
  ORDER BY seq LIMIT $3::integer
)
UPDATE ${lanes} AS l SET claim = $5, claimed_until = ${after('$4')}
FROM taken WHERE l.seq = taken.seq
RETURNING l.seq::text AS seq, l.key, l.operation`;
}

/** Goes from key to key by the index, since most rows may be of few keys. */
function claimAnyLane({ lanes }: TableNames): string {
  return `WITH RECURSIVE keys AS (
  (SELECT key FROM ${lanes} WHERE endpoint = $1 ORDER BY key LIMIT 1)
  UNION ALL
  SELECT (SELECT l.key FROM ${lanes} AS l WHERE l.endpoint = $1 AND l.key > keys.key ORDER BY l.key LIMIT 1)
  FROM keys WHERE keys.key IS NOT NULL
), heads AS MATERIALIZED (
  SELECT head.seq FROM keys CROSS JOIN LATERAL (
    SELECT l.seq FROM ${lanes} AS l WHERE l.endpoint = $1 AND l.key = keys.key ORDER BY l.seq LIMIT 1
  ) AS head
), held AS MATERIALIZED (
  SELECT l.seq, l.key FROM ${lanes} AS l JOIN heads ON heads.seq = l.seq
  WHERE l.claimed_until <= ${start} OR (l.claimed_until IS NULL AND l.created_at < ${before('$2')})
  ORDER BY l.seq LIMIT 1 FOR UPDATE OF l SKIP LOCKED
), taken AS MATERIALIZED (
  SELECT l.seq FROM ${lanes} AS l JOIN held ON l.key = held.key
  WHERE l.endpoint = $1 ORDER BY l.seq LIMIT $3::integer
)
UPDATE ${lanes} AS l SET claim = $5, claimed_until = ${after('$4')}
FROM taken WHERE l.seq = taken.seq
RETURNING l.seq::text AS seq, l.key, l.operation`;
}
