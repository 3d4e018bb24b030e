export * from './capabilities.ts';
export * from './from-url.ts';
export { type SqliteTransportOptions } from './sqlite-options.ts';
export * from './sqlite-transport.ts';
