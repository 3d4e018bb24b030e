import { Command, defineRoutes, handler } from '@busbar/core';
import { noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { transports } from '../../support/transports.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class BillOrder extends Command('Billing.BillOrder')<{ orderId: string }> {}
class ArchiveOrder extends Command('Archive.ArchiveOrder')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder], billing: [BillOrder] });

describe.each(transports)('when commands are sent on $name', (transport) => {
  test('should reach the owner by route, from an endpoint and from a handler', async () => {
    await using harness = await transport.harness();
    const shop = harness.endpoint('shop', { routes });
    harness.endpoint('sales', {
      routes,
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) => context.send(new BillOrder({ orderId }))),
      ],
    });
    harness.endpoint('billing', { handlers: [handler(BillOrder, () => {})] });
    await harness.start();
    await shop.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.handled(BillOrder)).toEqual([new BillOrder({ orderId: 'A-1' })]);
    expect(harness.outgoing.map(({ endpoint, destination }) => [endpoint, destination])).toEqual([
      ['shop', 'sales'],
      ['sales', 'billing'],
    ]);
  });

  test('should give the handler an instance of the class', async () => {
    await using harness = await transport.harness();
    const received = Promise.withResolvers<unknown>();
    const sales = harness.endpoint('sales', {
      routes,
      handlers: [handler(PlaceOrder, (command) => received.resolve(command))],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'Ärger 🚚' }));
    const command = await received.promise;
    expect(command).toBeInstanceOf(PlaceOrder);
    expect(command).toEqual(new PlaceOrder({ orderId: 'Ärger 🚚' }));
  });

  test('should go to the destination in the options, whatever the routes say', async () => {
    await using harness = await transport.harness();
    const shop = harness.endpoint('shop', { routes });
    harness.endpoint('sales', { handlers: [handler(PlaceOrder, () => {})] });
    harness.endpoint('archive', {
      handlers: [handler(PlaceOrder, () => {}), handler(ArchiveOrder, () => {})],
    });
    await harness.start();
    await shop.send(new PlaceOrder({ orderId: 'A-1' }), { destination: 'archive' });
    await shop.send(new ArchiveOrder({ orderId: 'A-2' }), { destination: 'archive' });
    await harness.settled();
    expect(harness.attempts.map(({ endpoint }) => endpoint)).toEqual(['archive', 'archive']);
  });

  test('should come back to the sender by sendLocal, without a route', async () => {
    await using harness = await transport.harness();
    const archive = harness.endpoint('archive', {
      handlers: [
        handler(ArchiveOrder, async ({ orderId }, context) => {
          if (orderId === 'A-1') await context.sendLocal(new ArchiveOrder({ orderId: 'A-2' }));
        }),
      ],
    });
    await harness.start();
    await archive.sendLocal(new ArchiveOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.handled(ArchiveOrder)).toMatchObject([{ orderId: 'A-1' }, { orderId: 'A-2' }]);
  });

  test('should be handled in the order in which one sender sent them, one at a time', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales', {
      routes,
      concurrency: 1,
      handlers: [handler(PlaceOrder, () => {})],
    });
    await harness.start();
    const ids = Array.from({ length: 50 }, (_, index) => `A-${index}`);
    for (const orderId of ids) await sales.send(new PlaceOrder({ orderId }));
    await harness.settled();
    expect(harness.handled(PlaceOrder).map(({ orderId }) => orderId)).toEqual(ids);
  });

  test('should be an error at the sender where no queue has the name', async () => {
    await using harness = await transport.harness();
    const shop = harness.endpoint('shop', { routes });
    await harness.start();
    const sending = shop.send(new PlaceOrder({ orderId: 'A-1' }), {
      destination: 'sails',
      messageId: 'm-1',
    });
    await expect(sending).rejects.toMatchObject({
      code: 'UNDELIVERABLE',
      message: expect.stringContaining('Sales.PlaceOrder m-1 to queue "sails"') as string,
      details: { outcome: 'undeliverable', failures: [{ messageId: 'm-1', to: 'queue "sails"' }] },
    });
  });

  test('should fail the attempt where a handler sends to no queue', async () => {
    await using harness = await transport.harness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, async ({ orderId }, context) => {
          await context.send(new BillOrder({ orderId }));
          await context.send(new ArchiveOrder({ orderId }), { destination: 'nowhere' });
        }),
      ],
    });
    harness.endpoint('billing', { handlers: [handler(BillOrder, () => {})] });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([{ failure: { code: 'UNDELIVERABLE' } }]);
    expect(harness.handled(BillOrder)).toHaveLength(transport.atomic ? 0 : 1);
  });
});

describe('when a command has no route', () => {
  test('should name the routes to write', async () => {
    await using harness = await transports[0]!.harness();
    const shop = harness.endpoint('shop');
    await harness.start();
    await expect(shop.send(new PlaceOrder({ orderId: 'A-1' }))).rejects.toMatchObject({
      code: 'NO_ROUTE',
      help: "Write `defineRoutes({ owner: [PlaceOrder] })` and pass it as `routes`, or send with { destination: 'owner' }.",
      details: { endpoint: 'shop', messageType: 'Sales.PlaceOrder' },
    });
  });

  test('should fail in the handler where it is sent', async () => {
    await using harness = await transports[0]!.harness();
    const seen: unknown[] = [];
    const archive = harness.endpoint('archive', {
      handlers: [
        handler(ArchiveOrder, async ({ orderId }, context) => {
          await context.send(new PlaceOrder({ orderId })).catch((error) => seen.push(error));
        }),
      ],
    });
    await harness.start();
    await archive.sendLocal(new ArchiveOrder({ orderId: 'A-1' }));
    await harness.until(() => seen.length > 0);
    expect(seen[0]).toMatchObject({ code: 'NO_ROUTE' });
  });
});
