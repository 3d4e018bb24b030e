import { Command, defineRoutes, handler } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { transports } from '../../support/transports.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ number: number }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });

function occupancy(): { inside: number; most: number; leave(): void; enter(): Promise<void> } {
  const waiting: (() => void)[] = [];
  return {
    inside: 0,
    most: 0,
    enter() {
      this.inside += 1;
      this.most = Math.max(this.most, this.inside);
      return new Promise((resolve) => waiting.push(resolve));
    },
    leave() {
      this.inside -= 1;
      waiting.shift()?.();
    },
  };
}

describe.each(transports)('when concurrency is limited on $name', (transport) => {
  test('should handle as many at once as allowed, and no more', async () => {
    await using harness = await transport.harness();
    const room = occupancy();
    const sales = harness.endpoint('sales', {
      routes,
      concurrency: 3,
      handlers: [handler(PlaceOrder, () => room.enter())],
    });
    await harness.start();
    for (let number = 0; number < 9; number += 1) await sales.send(new PlaceOrder({ number }));
    for (let left = 9; left > 0; left -= 1) {
      await harness.until(() => room.inside === Math.min(3, left));
      room.leave();
    }
    await harness.settled();
    expect(room.most).toBe(3);
    expect(harness.handled(PlaceOrder)).toHaveLength(9);
  });

  test('should follow a change while running, without disturbing what is in flight', async () => {
    await using harness = await transport.harness();
    const room = occupancy();
    const sales = harness.endpoint('sales', {
      routes,
      concurrency: 1,
      handlers: [handler(PlaceOrder, () => room.enter())],
    });
    await harness.start();
    for (let number = 0; number < 10; number += 1) await sales.send(new PlaceOrder({ number }));
    await harness.until(() => room.inside === 1);
    sales.changeConcurrency(4);
    await harness.until(() => room.inside === 4);
    sales.changeConcurrency(2);
    expect(room.inside).toBe(4);
    room.most = 0;
    for (let left = 10; left > 0; left -= 1) {
      room.leave();
      await harness.until(() => room.inside === Math.min(Math.max(2, room.inside), left - 1));
    }
    await harness.settled();
    expect(room.most).toBeLessThanOrEqual(4);
    expect(harness.handled(PlaceOrder)).toHaveLength(10);
  });
});

describe('when concurrency is limited', () => {
  test('should hold for each endpoint by itself', async () => {
    await using harness = createHarness();
    const rooms = [occupancy(), occupancy()];
    const endpoints = rooms.map((room, index) =>
      harness.endpoint(`sales-${index}`, {
        concurrency: 2,
        handlers: [handler(PlaceOrder, () => room.enter())],
      }),
    );
    await harness.start();
    for (const endpoint of endpoints) {
      for (let number = 0; number < 5; number += 1) {
        await endpoint.sendLocal(new PlaceOrder({ number }));
      }
    }
    await harness.until(() => rooms.every((room) => room.inside === 2));
    for (const room of rooms) {
      for (let left = 5; left > 0; left -= 1) {
        await harness.until(() => room.inside > 0);
        room.leave();
      }
    }
    await harness.settled();
    expect(rooms.map((room) => room.most)).toEqual([2, 2]);
  });

  test.each([0, -1, 1.5, Number.NaN, Infinity])('should refuse a change to %d', async (limit) => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales');
    await harness.start();
    expect(() => sales.changeConcurrency(limit)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIGURATION' }),
    );
  });

  test('should refuse a change before the start and after the stop', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales');
    expect(() => sales.changeConcurrency(2)).toThrow(
      expect.objectContaining({ code: 'NOT_STARTED' }),
    );
    await sales.start();
    await sales.stop();
    expect(() => sales.changeConcurrency(2)).toThrow(expect.objectContaining({ code: 'STOPPED' }));
  });
});
