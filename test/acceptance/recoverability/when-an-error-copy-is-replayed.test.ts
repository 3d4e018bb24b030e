import { Command, defineRoutes, fixed, handler } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { eventually, transports } from '../../support/transports.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });

describe.each(transports)('when an error copy is replayed on $name', (transport) => {
  test('should be handled again under its id, with fresh counts', async () => {
    await using harness = await transport.harness();
    const attempts: string[] = [];
    let broken = true;
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { immediate: 1, delayed: fixed({ attempts: 1, delay: 30 }) },
      handlers: [
        handler(PlaceOrder, (_, { attempt, messageId, headers }) => {
          const failed =
            headers['busbar-failed-queue'] === undefined ? '' : ' with failure headers';
          attempts.push(`${messageId} ${attempt.delayed}.${attempt.immediate}${failed}`);
          if (broken) throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }), { messageId: 'm-1' });
    const round = ['m-1 0.0', 'm-1 0.1', 'm-1 1.0', 'm-1 1.1'];
    for (const times of [1, 2]) {
      await eventually(harness, 30, () => sales.health().counts.movedToError === times);
      await harness.settled();
      expect(attempts.splice(0)).toEqual(round);
      expect(await harness.errorQueue()).toMatchObject([
        { messageId: 'm-1', failure: { attempts: 4 } },
      ]);
      broken = times === 1;
      expect(await harness.replay()).toBe(1);
    }
    await harness.settled();
    expect(attempts).toEqual(['m-1 0.0']);
    expect(harness.handled(PlaceOrder)).toEqual([new PlaceOrder({ orderId: 'A-1' })]);
    expect(await harness.errorQueue()).toEqual([]);
  });

  test('should be moved once, however often that is asked', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { policy: () => ({ action: 'error' }) },
      handlers: [
        handler(PlaceOrder, (_, { headers }) => {
          if (headers['replayed'] === undefined) throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    const queues = await harness.queues();
    const [failed] = await harness.errorQueue();
    const request = {
      from: 'error',
      to: 'sales',
      nativeIds: [failed!.nativeId],
      headers: { replayed: 'yes' },
    };
    expect(await queues.move(request)).toBe(1);
    expect(await queues.move(request)).toBe(0);
    await harness.settled();
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
  });
});
