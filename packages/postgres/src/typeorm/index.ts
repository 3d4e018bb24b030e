export * from './typeorm-persistence.ts';
