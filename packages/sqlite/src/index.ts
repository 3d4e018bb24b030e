export * from './capabilities.ts';
export * from './from-url.ts';
export { type SqliteTransportOptions } from './sqlite-options.ts';
export * from './sqlite-transport.ts';
export * from './persistence/sqlite-persistence.ts';
export { type SqlitePersistenceOptions } from './persistence/persistence-options.ts';
export { sqliteStorageOf } from './persistence/joined-storage.ts';
export type * from './persistence/sqlite-storage.ts';
