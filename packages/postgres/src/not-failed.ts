import type { SqlStatement } from './data-layer.ts';

/**
 * Fails in a transaction of which a statement has failed. PostgreSQL answers the `COMMIT` of one by undoing it all, and most
 * libraries do not look; so something has to run before each commit.
 */
export const notFailed: SqlStatement = Object.freeze({
  name: 'busbar_not_failed',
  text: 'SELECT 1 AS held',
  values: [],
});
