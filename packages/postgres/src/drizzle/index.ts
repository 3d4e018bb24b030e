export * from './drizzle-persistence.ts';
