import { Command, Event, defineSaga, handler, systemClock } from '@busbar/core';
import { pgPersistence } from '@busbar/postgres/pg';
import { createHarness } from '@busbar/testing';
import { expect, test } from 'vitest';
import { postgresForTests } from '../../support/postgres/postgres-for-tests.ts';
import { createDatabase } from '../../support/postgres/test-database.ts';

class Billed extends Event('InTables.Billed')<{ orderId: string }> {}
class Packed extends Event('InTables.Packed')<{ orderId: string }> {}
class Ship extends Command('InTables.Ship')<{ orderId: string }> {}

const byOrder = ({ orderId }: { orderId: string }) => orderId;
const postgres = await postgresForTests();

for (const locking of ['optimistic', 'pessimistic'] as const) {
  test(`should have one instance for messages of one instant, and lose no change: ${locking}`, async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const shipping = defineSaga('InTables.Shipping', {
      correlation: 'orderId',
      initialState: () => ({ orderId: '', billed: 0, packed: 0 }),
      locking,
    })
      .startedBy(Billed, byOrder, async ({ orderId }, saga) => {
        saga.state.billed += 1;
        if (saga.state.billed + saga.state.packed < 6) return;
        await saga.sendLocal(new Ship({ orderId }));
        saga.complete();
      })
      .startedBy(Packed, byOrder, async ({ orderId }, saga) => {
        saga.state.packed += 1;
        if (saga.state.billed + saga.state.packed < 6) return;
        await saga.sendLocal(new Ship({ orderId }));
        saga.complete();
      });
    await using harness = createHarness({ clock: systemClock, limit: '15s' });
    // Two instances, as on two machines.
    const endpoints = [1, 2].map(() =>
      harness.endpoint('in-tables', {
        persistence: pgPersistence(database.pool({ max: 8 })),
        outbox: true,
        sagas: [shipping],
        handlers: [handler(Ship, () => {})],
      }),
    );
    await harness.start();
    const orders = Array.from({ length: 20 }, (_, index) => `O-${index}`);
    const publish = (orderId: string, index: number): readonly Promise<void>[] => [
      endpoints[index % 2]!.publish(new Billed({ orderId })),
      endpoints[(index + 1) % 2]!.publish(new Packed({ orderId })),
    ];
    await Promise.all(
      orders.flatMap((orderId) => [0, 1, 2].flatMap((index) => publish(orderId, index))),
    );
    await harness.until(() => harness.handled(Ship).length >= orders.length);
    await harness.settled();
    const shipped = harness.handled(Ship).map(({ orderId }) => orderId);
    expect(shipped.toSorted()).toEqual(orders.toSorted());
    expect(await database.rows('SELECT * FROM busbar_sagas')).toEqual([]);
    expect(await harness.errorQueue()).toEqual([]);
    for (const each of endpoints) {
      expect(each.health().counts).toMatchObject({ failed: 0, movedToError: 0 });
    }
  });
}
