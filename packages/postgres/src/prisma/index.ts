export * from './prisma-persistence.ts';
