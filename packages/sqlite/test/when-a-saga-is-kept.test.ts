import { DatabaseSync } from 'node:sqlite';
import {
  Event,
  Message,
  createEndpoint,
  defineSaga,
  silentLogger,
  systemClock,
} from '@busbar/core';
import { sqlitePersistence, sqliteTransport } from '@busbar/sqlite';
import { createHarness } from '@busbar/testing';
import { expect, test, vi } from 'vitest';
import { temporaryFile } from './support/temporary-file.ts';
import { until } from './support/within.ts';

vi.setConfig({ testTimeout: 90_000 });

class Billed extends Event('Kept.Billed')<{ order: string }> {}
class Packed extends Event('Kept.Packed')<{ order: string }> {}
class Deadline extends Message('Kept.Deadline')<{ order: string }> {}

const shipping = defineSaga('Kept.Shipping', {
  correlation: 'order',
  initialState: () => ({ order: '', seen: [] as string[] }),
})
  .startedBy(
    Billed,
    ({ order }) => order,
    async (_, saga) => {
      saga.state.seen.push('billed');
      await saga.requestTimeout(new Deadline({ order: saga.state.order }), { delay: '3d' });
    },
  )
  .startedBy(
    Packed,
    ({ order }) => order,
    (_, saga) => {
      saga.state.seen.push('packed');
    },
  )
  .onTimeout(Deadline, (_, saga) => {
    saga.state.seen.push('late');
  });

/** What each saga has seen, in whatever order. */
function seen(path: string): string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  const rows = database
    .prepare("SELECT state FROM busbar_sagas WHERE type = 'Kept.Shipping'")
    .all();
  database.close();
  return rows.map(({ state }) => {
    const stored = JSON.parse(state as string) as { state: { seen: string[] } };
    return stored.state.seen.toSorted().join(' ');
  });
}

test('should be kept beside another transport, under a clock that a test moves', async () => {
  using file = temporaryFile();
  await using harness = createHarness();
  const endpoint = harness.endpoint('shipping', {
    persistence: sqlitePersistence({ file: file.path }),
    outbox: true,
    sagas: [shipping],
  });
  await harness.start();
  await endpoint.publish(new Billed({ order: 'A' }));
  await harness.settled();
  expect(seen(file.path)).toEqual(['billed']);
  await harness.advance('3d');
  expect(seen(file.path)).toEqual(['billed late']);
});

test('should be one for each pair of events that start it at once, in two instances', async () => {
  using file = temporaryFile();
  const start = async () => {
    // Of another clock, so that the instances share no store.
    const clock = { ...systemClock };
    const endpoint = createEndpoint('shipping', {
      transport: sqliteTransport({ file: file.path }),
      persistence: sqlitePersistence({ file: file.path }),
      outbox: true,
      sagas: [shipping],
      clock,
      logger: silentLogger,
    });
    await endpoint.start();
    return endpoint;
  };
  await using one = await start();
  await using two = await start();
  const pairs = 200;
  await Promise.all(
    Array.from({ length: pairs }, (_, number) => [
      one.publish(new Billed({ order: `order ${number}` })),
      two.publish(new Packed({ order: `order ${number}` })),
    ]).flat(),
  );
  const complete = (): number => seen(file.path).filter((each) => each === 'billed packed').length;
  await until(
    () => complete() === pairs,
    () => `all are complete, ${complete()} are`,
  );
  expect(seen(file.path)).toHaveLength(pairs);
});
