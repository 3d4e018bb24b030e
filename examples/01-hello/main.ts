import {
  Command,
  Event,
  createEndpoint,
  defineRoutes,
  handler,
  memoryTransport,
} from '@busbar/core';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string; total: number }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const options = { transport: memoryTransport(), routes };
const done = Promise.withResolvers<void>();

const placeOrder = handler(PlaceOrder, async (order, context) => {
  console.log(`sales: order ${order.orderId} over ${order.total} placed`);
  await context.publish(new OrderPlaced({ orderId: order.orderId }));
});
const shipOrder = handler(OrderPlaced, (event) => {
  console.log(`shipping: order ${event.orderId} shipped`);
  done.resolve();
});

await using sales = createEndpoint('sales', { ...options, handlers: [placeOrder] });
await using shipping = createEndpoint('shipping', { ...options, handlers: [shipOrder] });
await Promise.all([sales.start(), shipping.start()]);
await sales.send(new PlaceOrder({ orderId: 'A-1', total: 42 }));
await done.promise;
