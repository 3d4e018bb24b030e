import { Command, Event, createEndpoint, handler, memoryTransport } from '@busbar/core';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string; total: number }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const transport = memoryTransport();
const done = Promise.withResolvers<void>();

const placeOrder = handler(PlaceOrder, async (order, context) => {
  console.log(`sales: order ${order.orderId} over ${order.total} placed`);
  await context.publish(new OrderPlaced({ orderId: order.orderId }));
});
const shipOrder = handler(OrderPlaced, (event) => {
  console.log(`shipping: order ${event.orderId} shipped`);
  done.resolve();
});

await using sales = createEndpoint('sales', { transport, handlers: [placeOrder] });
await using shipping = createEndpoint('shipping', { transport, handlers: [shipOrder] });
await Promise.all([sales.start(), shipping.start()]);
await sales.sendLocal(new PlaceOrder({ orderId: 'A-1', total: 42 }));
await done.promise;
