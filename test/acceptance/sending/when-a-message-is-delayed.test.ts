import { Command, Event, MemoryBroker, defineRoutes, handler, memoryTransport } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { eventually, transports } from '../../support/transports.ts';

class RemindCustomer extends Command('Sales.RemindCustomer')<{ orderId: string }> {}

class CustomerLeft extends Event('Sales.CustomerLeft') {}

const routes = defineRoutes({ sales: [RemindCustomer] });

describe.each(transports)('when a message is delayed on $name', (transport) => {
  test('should come not before its time, and be no less than it was', async () => {
    await using harness = await transport.harness();
    const times: number[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [handler(RemindCustomer, () => void times.push(harness.clock.now()))],
    });
    await harness.start();
    const sentAt = harness.clock.now();
    await sales.send(new RemindCustomer({ orderId: 'A-1' }), { delay: 60 });
    await harness.settled();
    await eventually(harness, 60, () => times.length === 1);
    expect(times[0]).toBeGreaterThanOrEqual(sentAt + 60);
    expect(harness.handled(RemindCustomer)).toEqual([new RemindCustomer({ orderId: 'A-1' })]);
  });

  test('should come at the moment that was named', async () => {
    await using harness = await transport.harness();
    const times: number[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [handler(RemindCustomer, () => void times.push(harness.clock.now()))],
    });
    await harness.start();
    const deliverAt = new Date(harness.clock.now() + 60);
    await sales.send(new RemindCustomer({ orderId: 'A-1' }), { deliverAt });
    await eventually(harness, 60, () => times.length === 1);
    expect(times[0]).toBeGreaterThanOrEqual(deliverAt.getTime());
  });

  test('should come in the order of their moments', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales', {
      routes,
      concurrency: 1,
      handlers: [handler(RemindCustomer, () => {})],
    });
    await harness.start();
    // Moments and not delays, which would count from sends that take a while themselves.
    const start = harness.clock.now();
    for (const [orderId, delay] of [
      ['C', 150],
      ['A', 50],
      ['B', 100],
    ] as const) {
      await sales.send(new RemindCustomer({ orderId }), { deliverAt: new Date(start + delay) });
    }
    await eventually(harness, 150, () => harness.handled(RemindCustomer).length === 3);
    expect(harness.handled(RemindCustomer).map(({ orderId }) => orderId)).toEqual(['A', 'B', 'C']);
  });

  test.each([
    ['a moment that has passed', { deliverAt: new Date('2001-01-01T00:00:00Z') }],
    ['no delay', { delay: 0 }],
  ])('should come at once with %s', async (_, options) => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [handler(RemindCustomer, () => {})],
    });
    await harness.start();
    await sales.send(new RemindCustomer({ orderId: 'A-1' }), options);
    await harness.settled();
    expect(harness.handled(RemindCustomer)).toHaveLength(1);
  });
});

describe('when a message is delayed', () => {
  test('should wait for three days in a few milliseconds of the test', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [handler(RemindCustomer, () => {})],
    });
    await harness.start();
    await sales.send(new RemindCustomer({ orderId: 'A-1' }), { delay: '3d' });
    await harness.advance(3 * 86_400_000 - 1);
    expect(harness.handled(RemindCustomer)).toHaveLength(0);
    await harness.advance(1);
    expect(harness.handled(RemindCustomer)).toHaveLength(1);
    expect(harness.outgoing[0]?.headers['busbar-deliver-at']).toBe('2026-01-04T00:00:00.000Z');
  });

  test('should leave with the batch of its handler, and count from then on', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { immediate: 1 },
      handlers: [
        handler(RemindCustomer, async ({ orderId }, context) => {
          if (orderId !== 'first') return;
          await context.sendLocal(new RemindCustomer({ orderId: 'second' }), { delay: '1h' });
          if (context.attempt.immediate === 0) throw new Error('once');
        }),
      ],
    });
    await harness.start();
    await sales.send(new RemindCustomer({ orderId: 'first' }));
    await harness.advance('1h');
    expect(harness.handled(RemindCustomer)).toMatchObject([
      { orderId: 'first' },
      { orderId: 'second' },
    ]);
  });

  test('should refuse a delay that the transport cannot hold', async () => {
    await using harness = createHarness();
    const broker = new MemoryBroker();
    const sales = harness.endpoint('sales', {
      transport: memoryTransport({ broker, maxDelayMs: 60_000 }),
      recoverability: { delayed: { attempts: 0, description: 'none', delayMs: () => 0 } },
      routes,
    });
    await harness.start();
    const send = sales.send(new RemindCustomer({ orderId: 'A-1' }), { delay: '61s' });
    await expect(send).rejects.toMatchObject({
      code: 'DELAY_TOO_LONG',
      message: expect.stringContaining(
        'Sales.RemindCustomer is delayed by 61000 ms; this transport holds messages for at most 60000 ms.',
      ) as string,
    });
    await sales.send(new RemindCustomer({ orderId: 'A-1' }), { delay: '60s' });
  });

  test('should refuse to delay an event, from callers whom the compiler did not check', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes });
    await harness.start();
    for (const options of [{ delay: '5s' }, { deliverAt: new Date() }] as object[]) {
      await expect(sales.publish(new CustomerLeft(), options)).rejects.toMatchObject({
        code: 'INVALID_CONFIGURATION',
        message: expect.stringContaining('events cannot be delayed') as string,
        help: 'Send a delayed command to yourself, and publish when it comes.',
      });
    }
  });

  test.each([
    [
      { delay: '5s', deliverAt: new Date() },
      'INVALID_CONFIGURATION',
      'both `delay` and `deliverAt`',
    ],
    [{ deliverAt: new Date(Number.NaN) }, 'INVALID_CONFIGURATION', '`deliverAt` is no valid date'],
    [{ delay: -1 }, 'INVALID_DURATION', 'delay is -1'],
    [{ delay: 'soon' as '5s' }, 'INVALID_DURATION', 'delay is "soon"'],
  ] as const)('should refuse %o', async (options, code, text) => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { routes });
    await harness.start();
    const sending = sales.send(new RemindCustomer({ orderId: 'A-1' }), options);
    await expect(sending).rejects.toMatchObject({
      code,
      message: expect.stringContaining(text) as string,
    });
  });
});
