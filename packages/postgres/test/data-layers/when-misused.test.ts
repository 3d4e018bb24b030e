import { drizzle } from 'drizzle-orm/node-postgres';
import knex from 'knex';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { expect, test } from 'vitest';
import { drizzlePersistence } from '../../src/drizzle/index.ts';
import { knexPersistence } from '../../src/knex/index.ts';
import { PrismaLayer, type PrismaClientLike } from '../../src/prisma/prisma-layer.ts';
import { TypeormLayer } from '../../src/typeorm/typeorm-layer.ts';
import { typeormPersistence } from '../../src/typeorm/index.ts';

const refused = expect.objectContaining({ code: 'INVALID_CONFIGURATION' });

test('should refuse a Drizzle on one client', () => {
  expect(() => drizzlePersistence(drizzle(new Client()))).toThrow(refused);
});

test('should refuse a Knex of another database', () => {
  expect(() => knexPersistence(knex({ client: 'redshift' }))).toThrow(refused);
});

test('should refuse a data source of another database', () => {
  const other = new DataSource({ type: 'cockroachdb', timeTravelQueries: false });
  expect(() => typeormPersistence(other)).toThrow(refused);
});

test('should say that a data source has to be initialised', async () => {
  const layer = new TypeormLayer(new DataSource({ type: 'postgres' }));
  const statement = { name: 'one', text: 'SELECT 1', values: [] };
  await expect(layer.begin()).rejects.toThrow('is not initialised');
  await expect(layer.run(statement)).rejects.toThrow('await dataSource.initialize()');
});

test('should lift the time limits that Prisma has for a transaction', async () => {
  const asked: unknown[] = [];
  const client: PrismaClientLike = {
    $queryRawUnsafe: () => Promise.reject(new Error('not asked')),
    $executeRawUnsafe: () => Promise.reject(new Error('not asked')),
    $transaction: (body, options) => {
      asked.push(options);
      return body(client);
    },
  };
  const begun = await new PrismaLayer(client).begin();
  await begun.rollback();
  const day = 24 * 60 * 60 * 1000;
  expect(asked).toEqual([{ maxWait: day, timeout: day }]);
});
