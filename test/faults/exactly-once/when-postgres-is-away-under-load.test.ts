import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type AnyRoutes,
  Command,
  type HandlerContext,
  createEndpoint,
  handler,
  silentLogger,
} from '@busbar/core';
import { pgPersistence } from '@busbar/postgres/pg';
import { rabbitMqTransport } from '@busbar/rabbitmq';
import type { PoolClient } from 'pg';
import { expect, test } from 'vitest';
import { postgresForTests } from '../../support/postgres/postgres-for-tests.ts';
import { startPrivatePostgres } from '../../support/postgres/private-postgres.ts';
import { createDatabase } from '../../support/postgres/test-database.ts';
import { brokerForTests } from '../../support/rabbitmq/broker-for-tests.ts';
import { until } from '../../support/rabbitmq/bounded-wait.ts';
import { createVirtualHost } from '../../support/rabbitmq/virtual-host.ts';
import { scaled } from '../../support/scale.ts';
import { messagesIn } from './messages-in.ts';

const awayMs = scaled('postgres-outage-seconds') * 1_000;
const limitMs = 60_000;
const rabbit = await brokerForTests();
const postgres = await postgresForTests();

test('should keep all messages and go on by itself', { timeout: 300_000 }, async (context) => {
  postgres.orSkip(context);
  await using host = await createVirtualHost(rabbit.orSkip(context));
  await using server = await startPrivatePostgres();
  const database = await createDatabase(server);
  await database.rows('CREATE TABLE orders (number int NOT NULL)');
  const run = randomUUID().slice(0, 8);
  class PlaceOrder extends Command(`Outage.PlaceOrder.${run}`)<{ order: number }> {}
  const names = { sales: `${run}-sales`, errors: `${run}-error` };
  const transport = rabbitMqTransport({ url: host.url, management: false });
  const common = { transport, logger: silentLogger, errorQueue: names.errors };
  const sales = createEndpoint(names.sales, {
    ...common,
    persistence: pgPersistence(database.pool({ max: 4 })),
    outbox: true,
    handlers: [
      handler(PlaceOrder, async ({ order }, attempt: HandlerContext<AnyRoutes, PoolClient>) => {
        await attempt.storage.query('INSERT INTO orders VALUES ($1)', [order]);
      }),
    ],
  });
  await server.stop();
  await expect(sales.start()).rejects.toMatchObject({
    code: 'PERSISTENCE_UNAVAILABLE',
    message: expect.stringContaining(`127.0.0.1:${server.port}/${database.name}`) as string,
  });
  await server.start();
  await sales.start();
  const front = createEndpoint(`${run}-front`, { ...common, sendOnly: true });
  await front.start();

  let sent = 0;
  const enough = new AbortController();
  const sending = (async () => {
    while (!enough.signal.aborted) {
      const options = { destination: names.sales };
      await front.send(new PlaceOrder({ order: sent }), options);
      sent += 1;
      await sleep(5);
    }
  })();
  const handled = async (): Promise<number> => {
    const [row] = await database.rows('SELECT count(*)::int AS n FROM orders');
    return Number(row?.['n']);
  };
  await until(limitMs, 'some orders', async () => (await handled()) > 50);
  await server.kill();
  const end = performance.now() + awayMs;
  await until(limitMs, 'bad health', () => sales.health().status === 'unhealthy');
  await until(limitMs, 'a pause', () => sales.health().receivers[0]?.paused !== undefined);
  await until(awayMs + limitMs, 'the end of the outage', () => performance.now() > end);
  expect(sales.health().problems.join(' ')).toContain(database.name);
  const before = sent;
  await server.start();
  await until(limitMs, 'good health', () => sales.health().status === 'healthy');
  enough.abort();
  await sending;
  await until(limitMs, 'all orders', async () => (await handled()) >= sent);
  const { counts } = sales.health();
  await sales.stop();
  await front.stop();

  expect(before).toBeGreaterThan(100);
  expect(counts).toMatchObject({ movedToError: 0, delayed: 0 });
  expect(counts.handled).toBeGreaterThanOrEqual(sent);
  const orders = await database.rows('SELECT number FROM orders ORDER BY number');
  expect(orders.map(({ number }) => number)).toEqual(Array.from({ length: sent }, (_, n) => n));
  expect(await messagesIn(host.url, Object.values(names))).toEqual({});
  await database[Symbol.asyncDispose]();
});
