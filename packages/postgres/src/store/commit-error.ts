import { BusbarError, asError } from '@busbar/core';
import type { PostgresSettings } from '../postgres-options.ts';
import { type SqlError, describeOutage, isOutage, sqlErrorOf } from '../sql-error.ts';
import { tableError } from '../tables/table-errors.ts';
import { constraintNames } from '../tables/table-names.ts';
import { guardState } from './guard.ts';

/** Of what a commit is, for its errors. */
export interface Committer {
  readonly settings: PostgresSettings;
  readonly endpoint: string;
  /** Undefined for a transaction that no message caused. */
  readonly messageId: string | undefined;
}

/** What a commit, or a statement of ours before it, failed of, in words; the error itself where it is the user's own. */
export function commitError(error: unknown, committer: Committer): Error {
  if (error instanceof BusbarError) return error;
  if (isOutage(error)) return unavailable(error);
  const sql = sqlErrorOf(error);
  if (sql === undefined) return asError(error);
  const { settings, endpoint, messageId } = committer;
  const details = { endpoint, messageId };
  const whose = messageId === undefined ? 'a session' : `message ${messageId}`;
  switch (sql.code) {
    case '23505':
      if (violates(sql, settings, constraintNames.handled)) {
        return new BusbarError(
          'OUTBOX_CONFLICT',
          `Another attempt at ${whose} of endpoint "${endpoint}" has committed already.`,
          { details, cause: error },
        );
      }
      if (
        violates(sql, settings, constraintNames.sagas) ||
        violates(sql, settings, constraintNames.correlations)
      ) {
        return sagaConflict('A saga of this id or correlation was made meanwhile.', details, error);
      }
      return asError(error);
    case '40001':
    case '40P01':
      return new BusbarError(
        'TRANSACTION_CONFLICT',
        `PostgreSQL undid the transaction of ${whose}, which met another that changed the same rows (${sql.message}).`,
        { details, cause: error },
      );
    case guardState:
      return new BusbarError(
        'TRANSACTION_ENDED',
        `The handler ended the transaction of ${whose} itself; neither messages nor sagas were stored.`,
        { details, cause: error },
      );
    case '25P02':
      return new BusbarError(
        'TRANSACTION_ENDED',
        `A statement in the transaction of ${whose} failed, and the handler went on; PostgreSQL has undone all of it.`,
        {
          help: 'Let the error of the statement pass, or set a SAVEPOINT before a statement that may fail.',
          details,
          cause: error,
        },
      );
    case '25P03':
    case '25P04':
      return new BusbarError(
        'TRANSACTION_ENDED',
        `PostgreSQL ended the transaction of ${whose}, because it took too long (${sql.message}).`,
        {
          help: 'Raise idle_in_transaction_session_timeout or transaction_timeout of the connection, or have the handler wait for less.',
          details,
          cause: error,
        },
      );
    default:
      return tableError(error, settings) ?? asError(error);
  }
}

/** Of a transaction that its caller ends: most likely two of them took the locks of keys crosswise. */
export function joinConflict(error: unknown): BusbarError {
  const why = sqlErrorOf(error)?.message ?? asError(error).message;
  return new BusbarError(
    'TRANSACTION_CONFLICT',
    `PostgreSQL undid the transaction that was given, which met another that changed the same rows or sent with the same partition keys (${why}).`,
    {
      help: 'Try the whole transaction again; send messages with a partition key in the same order of keys everywhere, and deadlocks stay away.',
      cause: error,
    },
  );
}

/** A saga was changed since it was looked for. */
export function sagaConflict(
  what: string,
  details: Readonly<Record<string, unknown>>,
  cause?: unknown,
): BusbarError {
  return new BusbarError('SAGA_CONFLICT', what, {
    details,
    ...(cause !== undefined && { cause }),
  });
}

/** What pools say when all connections were lent for too long: pg (and Kysely, Drizzle, TypeORM with it), Knex, Prisma. */
const noneFree =
  /timeout exceeded when trying to connect|Timeout acquiring a connection|from the connection pool/;

const moreConnections =
  'Raise the size of the pool, or lower the concurrency of the endpoint; if nothing at all gets a connection, the database does not answer.';

/** The database is away; `address` without secrets. */
export function unavailable(error: unknown, address?: string): BusbarError {
  if (error instanceof BusbarError && error.code === 'PERSISTENCE_UNAVAILABLE') return error;
  const where = address === undefined ? 'The database' : `The database ${address}`;
  const why = describeOutage(error);
  return new BusbarError('PERSISTENCE_UNAVAILABLE', `${where} cannot be used: ${why}.`, {
    cause: error,
    ...(address !== undefined && { details: { address } }),
    ...(noneFree.test(why) && { help: moreConnections }),
  });
}

// Not every library hands on the name of the constraint; the sentence of the server has it, too.
function violates(sql: SqlError, { prefix }: PostgresSettings, constraint: string): boolean {
  const name = prefix + constraint;
  return sql.constraint === undefined ? sql.message.includes(`"${name}"`) : sql.constraint === name;
}
