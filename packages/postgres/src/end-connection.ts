import { statement } from './statement.ts';
import { begun } from './store/guard.ts';

/** The process of the server behind a connection. */
export const ownProcess = 'pg_backend_pid()::text';

/** Ends the connection on which it runs: statements behind it find no other transaction, nor none. */
export const endOwnConnection = statement(
  'end_own_connection',
  'SELECT pg_terminate_backend(pg_backend_pid())',
)([]);

/**
 * (process, begun) Ends the connection of a process that is still in the transaction which began then: a server does not see
 * that its client has gone before a statement ends, and that may be one that waits for ever.
 */
export const endConnection = statement(
  'end_connection',
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid = $1::integer AND ${begun.replace('transaction_timestamp()', 'xact_start')} = $2::bigint`,
);
