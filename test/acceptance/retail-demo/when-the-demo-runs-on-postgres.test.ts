import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildExamples } from '../../support/build-examples.ts';
import { postgresForTests } from '../../support/postgres/postgres-for-tests.ts';
import { createDatabase } from '../../support/postgres/test-database.ts';
import { brokerForTests } from '../../support/rabbitmq/broker-for-tests.ts';
import { createVirtualHost } from '../../support/rabbitmq/virtual-host.ts';
import { Demo, example, tableIn } from './demo.ts';

const postgres = await postgresForTests();
const rabbit = await brokerForTests();
const expected = readFileSync(path.join(example, 'expected-output.txt'), 'utf8');

beforeAll(buildExamples, 120_000);

test('the demo should print the same table with its data in PostgreSQL, and leave nothing there', async (context) => {
  await using database = await createDatabase(postgres.orSkip(context));
  await using demo = new Demo([], { BUSBAR_DATABASE: database.url });
  await demo.printed(/^2\d\d of 240 orders placed/m);
  const schemas = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'retail%'";
  expect(await database.rows(schemas)).toHaveLength(1);
  const { code, stdout, stderr } = await demo.ended;
  expect(stderr).toBe('');
  expect(tableIn(stdout)).toBe(expected);
  expect(code).toBe(0);
  expect(await database.rows(schemas)).toEqual([]);
}, 90_000);

test('the demo should print the same table on RabbitMQ with PostgreSQL', async (context) => {
  const broker = rabbit.orSkip(context);
  await using database = await createDatabase(postgres.orSkip(context));
  await using vhost = await createVirtualHost(broker);
  const env = { BUSBAR_TRANSPORT: vhost.url, BUSBAR_DATABASE: database.url };
  await using demo = new Demo([], env);
  const { code, stdout, stderr } = await demo.ended;
  expect(stderr).toBe('');
  expect(tableIn(stdout)).toBe(expected);
  expect(code).toBe(0);
}, 90_000);
