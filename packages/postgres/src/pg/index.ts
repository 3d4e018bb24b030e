export * from './pg-persistence.ts';
