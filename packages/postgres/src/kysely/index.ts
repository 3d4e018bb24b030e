export * from './kysely-persistence.ts';
