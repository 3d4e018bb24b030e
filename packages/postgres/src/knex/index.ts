export * from './knex-persistence.ts';
