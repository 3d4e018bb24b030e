import { Command, Message, defineRoutes, handler } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { transports } from '../../support/transports.ts';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class Accepted extends Message('Sales.Accepted')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });

describe.each(transports)('when a handler replies on $name', (transport) => {
  test('should reach a handler of the endpoint that sent the command', async () => {
    await using harness = await transport.harness();
    const shop = harness.endpoint('shop', { routes, handlers: [handler(Accepted, () => {})] });
    harness.endpoint('sales', {
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) => context.reply(new Accepted({ orderId }))),
      ],
    });
    await harness.start();
    await shop.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.handled(Accepted)).toEqual([new Accepted({ orderId: 'A-1' })]);
    expect(harness.outgoing.at(-1)).toMatchObject({ intent: 'reply', destination: 'shop' });
  });

  test('should reach any one instance of the sender', async () => {
    await using harness = await transport.harness();
    const options = { routes, handlers: [handler(Accepted, () => {})] };
    const shop = harness.endpoint('shop', options);
    harness.endpoint('shop', options);
    harness.endpoint('sales', {
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) => context.reply(new Accepted({ orderId }))),
      ],
    });
    await harness.start();
    for (let index = 0; index < 10; index += 1) {
      await shop.send(new PlaceOrder({ orderId: `A-${index}` }));
    }
    await harness.settled();
    expect(harness.handled(Accepted)).toHaveLength(10);
  });
});
