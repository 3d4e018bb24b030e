import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createEndpoint, silentLogger } from '@busbar/core';
import { expect, test } from 'vitest';
import { postgresForTests } from '../../support/postgres/postgres-for-tests.ts';
import { createDatabase } from '../../support/postgres/test-database.ts';
import { brokerForTests } from '../../support/rabbitmq/broker-for-tests.ts';
import { until } from '../../support/rabbitmq/bounded-wait.ts';
import { createVirtualHost } from '../../support/rabbitmq/virtual-host.ts';
import { scaled } from '../../support/scale.ts';
import { type StoreAddress, openStore } from './crash/store.ts';
import { raceOf } from './race/contracts.ts';
import { RacerProcess } from './race/racer-process.ts';

const pairs = scaled('exactly-once-saga-starts');
const atOnce = 50;
const limitMs = 600_000;
const timeout = 2 * limitMs;
const postgres = await postgresForTests();
const rabbit = await brokerForTests();

interface Place {
  readonly address: StoreAddress;
  readonly cleanUp: AsyncDisposableStack;
  /** The states of all sagas. */
  sagas(): Promise<readonly string[]>;
  /** Messages that were handled. */
  handled(): Promise<number>;
}

test('should make one instance of each pair on PostgreSQL', { timeout }, async (context) => {
  await using cleanUp = new AsyncDisposableStack();
  const host = cleanUp.use(await createVirtualHost(rabbit.orSkip(context)));
  const database = cleanUp.use(await createDatabase(postgres.orSkip(context)));
  await race({
    address: { kind: 'postgres', amqp: host.url, url: database.url, layer: 'pg' },
    cleanUp,
    sagas: async () => {
      const rows = await database.rows<{ state: string }>('SELECT state FROM busbar_sagas');
      return rows.map(({ state }) => state);
    },
    handled: async () => {
      const [row] = await database.rows('SELECT count(*)::int AS n FROM busbar_handled');
      return Number(row?.['n']);
    },
  });
});

test('should make one instance of each pair on SQLite', { timeout }, async () => {
  await using cleanUp = new AsyncDisposableStack();
  const folder = await mkdtemp(path.join(tmpdir(), 'busbar-race-'));
  cleanUp.defer(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'race.db');
  const database = new DatabaseSync(file, { timeout: 10_000 });
  cleanUp.defer(() => database.close());
  await race({
    address: { kind: 'sqlite', messages: file, data: file },
    cleanUp,
    sagas: async () => {
      return database
        .prepare('SELECT state FROM busbar_sagas')
        .all()
        .map(({ state }) => String(state));
    },
    handled: async () => {
      return Number(database.prepare('SELECT count(*) AS n FROM busbar_handled').get()?.['n']);
    },
  });
});

async function race({ address, cleanUp, sagas, handled }: Place): Promise<void> {
  const run = randomUUID().slice(0, 8);
  const { OrderBilled, OrderPacked } = raceOf(run);
  const racers = [
    cleanUp.use(await RacerProcess.start({ run, address })),
    cleanUp.use(await RacerProcess.start({ run, address })),
  ];
  const { transport, close } = openStore(address);
  cleanUp.defer(close);
  const publisher = createEndpoint(`${run}-publisher`, {
    transport,
    sendOnly: true,
    logger: silentLogger,
  });
  cleanUp.use(publisher);
  await publisher.start();
  for (let first = 0; first < pairs; first += atOnce) {
    const orders = Array.from({ length: Math.min(atOnce, pairs - first) }, (_, n) => first + n);
    await Promise.all(
      orders.flatMap((order) => [
        publisher.publish(new OrderBilled({ order })),
        publisher.publish(new OrderPacked({ order })),
      ]),
    );
  }
  await until(limitMs, 'all messages', async () => (await handled()) >= 2 * pairs);
  const counts = await Promise.all(racers.map((racer) => racer.stop()));
  const conflicts = counts.map((each) => each.conflicts);
  const states = (await sagas()).map((text) => (JSON.parse(text) as { state: object }).state);

  // eslint-disable-next-line no-console -- what a run is looked at for
  console.log(
    `${address.kind}: ${pairs} pairs, ${states.length} instances, conflicts: ${conflicts.join(' and ')}`,
  );
  expect(states).toHaveLength(pairs);
  const orders = new Set(states.map((state) => (state as { order: number }).order));
  expect(orders.size).toBe(pairs);
  for (const state of states) expect(state).toMatchObject({ billed: 1, packed: 1 });
  expect(counts.map(({ failed, movedToError }) => failed + movedToError)).toEqual([0, 0]);
  // They did race, and both took part.
  expect(conflicts.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(0);
  for (const each of counts) expect(each.handled).toBeGreaterThan(0);
}
