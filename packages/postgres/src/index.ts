export type * from './data-layer.ts';
export { type PostgresOptions } from './postgres-options.ts';
export * from './postgres-persistence.ts';
export { type TableOptions, postgresGrants, postgresTables } from './tables/table-texts.ts';
