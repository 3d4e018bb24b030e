import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Event, Message, defineSaga, handler, systemClock } from '@busbar/core';
import { sqlitePersistence, sqliteTransport } from '@busbar/sqlite';
import { createHarness } from '@busbar/testing';
import { expect, test } from 'vitest';

class Billed extends Event('OnDisk.Billed')<{ orderId: string }> {}
class Packed extends Event('OnDisk.Packed')<{ orderId: string }> {}
class Ship extends Command('OnDisk.Ship')<{ orderId: string; late: boolean }> {}
class Deadline extends Message('OnDisk.Deadline') {}

const byOrder = ({ orderId }: { orderId: string }) => orderId;

const shipping = defineSaga('OnDisk.Shipping', {
  correlation: 'orderId',
  initialState: () => ({ orderId: '', billed: false, packed: false }),
})
  .startedBy(Billed, byOrder, async ({ orderId }, saga) => {
    saga.state.billed = true;
    await saga.requestTimeout(new Deadline(), { delay: 150 });
    if (!saga.state.packed) return;
    await saga.sendLocal(new Ship({ orderId, late: false }));
    saga.complete();
  })
  .startedBy(Packed, byOrder, async ({ orderId }, saga) => {
    saga.state.packed = true;
    if (!saga.state.billed) return;
    await saga.sendLocal(new Ship({ orderId, late: false }));
    saga.complete();
  })
  .onTimeout(Deadline, async (_, saga) => {
    // On a busy machine it may come before the other message has.
    if (saga.state.orderId !== 'slow') return;
    await saga.sendLocal(new Ship({ orderId: saga.state.orderId, late: true }));
    saga.complete();
  })
  .onNotFound((message) => {
    throw new Error(`Not found for ${message.constructor.name}`);
  });

test.each([
  ['with the messages, in one transaction', true, false],
  ['with an outbox', true, true],
  ['in a file of its own', false, true],
])('should have one instance for messages of one instant: %s', async (_, shared, outbox) => {
  const folder = await mkdtemp(join(tmpdir(), 'busbar-sagas-'));
  try {
    const file = join(folder, 'bus.db');
    const data = shared ? file : join(folder, 'data.db');
    await using harness = createHarness({
      transport: sqliteTransport({ file, durability: 'normal', pollMs: 20 }),
      clock: systemClock,
      limit: '15s',
    });
    // Two instances, as on two machines.
    const [first, second] = [1, 2].map(() =>
      harness.endpoint('on-disk', {
        persistence: sqlitePersistence({ file: data }),
        outbox,
        sagas: [shipping],
        handlers: [handler(Ship, () => {})],
      }),
    );
    await harness.start();
    const orders = Array.from({ length: 40 }, (__, index) => `O-${index}`);
    await Promise.all(
      orders.flatMap((orderId) => [
        first!.publish(new Billed({ orderId })),
        second!.publish(new Packed({ orderId })),
      ]),
    );
    await first!.publish(new Billed({ orderId: 'slow' }));
    // Orders that were shipped before have dropped theirs.
    await harness.until(() => harness.handled(Deadline).length === 41);
    await harness.settled();
    const shipped = harness.handled(Ship).map(({ orderId, late }) => `${orderId} ${late}`);
    expect(shipped.toSorted()).toEqual(
      [...orders.map((orderId) => `${orderId} false`), 'slow true'].toSorted(),
    );
    expect(await harness.errorQueue()).toEqual([]);
    for (const each of [first, second]) {
      expect(each!.health().counts).toMatchObject({ failed: 0, movedToError: 0 });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
