import {
  type AnyCommand,
  type AnyReply,
  type AnyRoutes,
  Command,
  Event,
  type HandlerContext,
  Message,
  type Sender,
  defineRoutes,
} from '@busbar/core';
import { expectTypeOf, test } from 'vitest';

class BillOrder extends Command('Billing.BillOrder')<{ orderId: string }> {}
class RefundOrder extends Command('Billing.RefundOrder')<{ orderId: string }> {}
class ShipOrder extends Command('Shipping.ShipOrder')<{ orderId: string }> {}
class Quote extends Message('Pricing.Quote')<{ price: number }> {}
class GetQuote extends Command('Pricing.GetQuote', { reply: Quote })<{ sku: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
class PriorityOrderPlaced extends Event('Sales.PriorityOrderPlaced', { extends: OrderPlaced }) {}

const routes = defineRoutes({ billing: [BillOrder, RefundOrder], pricing: [GetQuote] });
const order = { orderId: 'A-1' };

// What is sent in these functions is only compiled.
async function routed(context: HandlerContext<typeof routes>, command: BillOrder | RefundOrder) {
  await context.send(new BillOrder(order));
  await context.send(command, { delay: '5s' });
  await context.send(new ShipOrder(order), { destination: 'shipping' });
  await context.sendLocal(new ShipOrder(order));
  await context.publish(new OrderPlaced(order));
  await context.publish(new PriorityOrderPlaced(order));
  await context.reply(new Quote({ price: 1 }));

  // @ts-expect-error -- the command has no route
  await context.send(new ShipOrder(order));
  // @ts-expect-error -- one of the two has no route
  await context.send(command as BillOrder | ShipOrder);
  // @ts-expect-error -- who knows which command it is
  await context.send(command as AnyCommand);
  // @ts-expect-error -- an event is published
  await context.send(new OrderPlaced(order));
  // @ts-expect-error -- an event is published, whatever the destination
  await context.send(new OrderPlaced(order), { destination: 'shipping' });
  // @ts-expect-error -- a reply is not sent
  await context.send(new Quote({ price: 1 }));
  // @ts-expect-error -- a plain object is no command
  await context.send({ orderId: 'A-1' });
  // @ts-expect-error -- the option is spelled `delay`
  await context.send(new BillOrder(order), { dely: '5s' });
  // @ts-expect-error -- no unit of time
  await context.send(new BillOrder(order), { delay: '5 parsecs' });
  // @ts-expect-error -- a command is sent
  await context.publish(new BillOrder(order));
  // @ts-expect-error -- events cannot be delayed
  await context.publish(new OrderPlaced(order), { delay: '5s' });
  // @ts-expect-error -- a command is no reply
  await context.reply(new BillOrder(order));
  // @ts-expect-error -- an event is no reply
  await context.reply(new OrderPlaced(order));
  // @ts-expect-error -- a reply goes to who asked
  await context.reply(new Quote({ price: 1 }), { destination: 'pricing' });
}

async function unrouted(context: HandlerContext, command: AnyCommand) {
  await context.send(new ShipOrder(order));
  await context.send(command);
  // @ts-expect-error -- an event is published
  await context.send(new OrderPlaced(order));
  // @ts-expect-error -- a command is sent
  await context.publish(new BillOrder(order));
}

async function requests(endpoint: Sender<typeof routes>, open: Sender) {
  const quote = await endpoint.request(new GetQuote({ sku: 'A' }), { timeout: '5s' });
  expectTypeOf(quote).toEqualTypeOf<Quote>();
  const any = await endpoint.request(new BillOrder(order));
  expectTypeOf(any).toEqualTypeOf<AnyReply>();
  const elsewhere = await endpoint.request(new ShipOrder(order), { destination: 'shipping' });
  expectTypeOf(elsewhere).toEqualTypeOf<AnyReply>();
  expectTypeOf(await open.request(new GetQuote({ sku: 'A' }))).toEqualTypeOf<Quote>();
  expectTypeOf(
    await open.request(new GetQuote({ sku: 'A' }), { destination: 'pricing' }),
  ).toEqualTypeOf<Quote>();
  // @ts-expect-error -- the command has no route
  await endpoint.request(new ShipOrder(order));
  // @ts-expect-error -- an event has no reply
  await endpoint.request(new OrderPlaced(order));
}

test('should let through what is routed, and only that', () => {
  expectTypeOf(routed).toBeFunction();
  expectTypeOf(unrouted).toBeFunction();
  expectTypeOf(requests).toBeFunction();
});

test('should take a context that does more where one is wanted that does less', () => {
  type Tx = { query(text: string): void };
  expectTypeOf<HandlerContext>().toExtend<HandlerContext<typeof routes>>();
  expectTypeOf<HandlerContext<typeof routes>>().not.toExtend<HandlerContext>();
  expectTypeOf<HandlerContext<AnyRoutes, Tx>>().toExtend<HandlerContext<typeof routes>>();
  expectTypeOf<HandlerContext>().not.toExtend<HandlerContext<AnyRoutes, Tx>>();
});

test('should not compile routes that cannot hold', () => {
  // @ts-expect-error -- two owners
  void (() => defineRoutes({ billing: [BillOrder], shipping: [ShipOrder, BillOrder] }));
  // @ts-expect-error -- an event has no owner
  void (() => defineRoutes({ billing: [OrderPlaced] }));
  // @ts-expect-error -- a reply has no owner
  void (() => defineRoutes({ billing: [Quote] }));
  // @ts-expect-error -- no message at all
  void (() => defineRoutes({ billing: [Date] }));
  void (() => defineRoutes({}));
  void (() => defineRoutes({ billing: [] }));
});
