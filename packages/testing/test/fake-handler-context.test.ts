import { Command, Event, type HandlerContext, Message, defineRoutes } from '@busbar/core';
import { fakeHandlerContext } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class BillOrder extends Command('Billing.BillOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
class Accepted extends Message('Sales.Accepted')<{ orderId: string }> {}

const routes = defineRoutes({ billing: [BillOrder] });

interface Transaction {
  insert(order: PlaceOrder): void;
}

async function placeOrder(
  command: PlaceOrder,
  context: HandlerContext<typeof routes, Transaction>,
): Promise<void> {
  const { orderId } = command;
  context.storage.insert(command);
  await context.send(new BillOrder({ orderId }), { delay: '1m' });
  await context.sendLocal(new PlaceOrder({ orderId: 'again' }));
  await context.publish(new OrderPlaced({ orderId }));
  await context.reply(new Accepted({ orderId }));
  context.log.info({ orderId }, 'Placed');
  context.stopHandlers();
}

describe('a fake handler context', () => {
  test('should remember what the handler did', async () => {
    const inserted: PlaceOrder[] = [];
    const storage: Transaction = { insert: (order) => void inserted.push(order) };
    const context = fakeHandlerContext<typeof routes, Transaction>({ storage, messageId: 'm-1' });
    const command = new PlaceOrder({ orderId: 'A-1' });

    await placeOrder(command, context);

    expect(inserted).toEqual([command]);
    expect(context.sent(BillOrder)).toEqual([new BillOrder({ orderId: 'A-1' })]);
    expect(context.sent(PlaceOrder)).toMatchObject([{ orderId: 'again' }]);
    expect(context.published(OrderPlaced)).toMatchObject([{ orderId: 'A-1' }]);
    expect(context.replied(Accepted)).toMatchObject([{ orderId: 'A-1' }]);
    expect(context.outgoing.map(({ how, options }) => [how, options])).toEqual([
      ['send', { delay: '1m' }],
      ['sendLocal', {}],
      ['publish', {}],
      ['reply', {}],
    ]);
    expect(context.log.messages('info')).toEqual(['Placed']);
    expect(context.stopped).toBe(true);
    expect(context.correlationId).toBe('m-1');
  });

  test('should refuse a reply where the sender cannot receive', async () => {
    const context = fakeHandlerContext({ replyTo: undefined });
    const reply = context.reply(new Accepted({ orderId: 'A-1' }));
    await expect(reply).rejects.toMatchObject({ code: 'NO_REPLY_ADDRESS' });
  });

  test('should refuse what is no message', async () => {
    const context = fakeHandlerContext();
    await expect(context.send({ orderId: 'A-1' })).rejects.toMatchObject({ code: 'NOT_A_MESSAGE' });
  });
});
