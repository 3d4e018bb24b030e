// The code of the README, with what it leaves out; readme.test.ts runs it and keeps the two equal.
import { Command, createEndpoint, defineRoutes, memoryTransport } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { bindMessageScoped, inversify } from '@busbar/inversify';
import { Container, inject, injectable } from 'inversify';

export class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}

class UnitOfWork {
  readonly tenant: string | undefined;

  constructor(tenant?: string) {
    this.tenant = tenant;
  }
}

export const inserted = Promise.withResolvers<string>();

@injectable()
class Orders {
  insert(orderId: string): void {
    inserted.resolve(orderId);
  }
}

@injectable()
class PlaceOrderHandler {
  constructor(@inject(Orders) private readonly orders: Orders) {}

  @handles(PlaceOrder)
  place(command: PlaceOrder): void {
    this.orders.insert(command.orderId);
  }
}

const container = new Container();
container.bind(Orders).toSelf();

const sales = createEndpoint('sales', {
  transport: memoryTransport(),
  handlers: [PlaceOrderHandler],
  container: inversify(container),
});

bindMessageScoped(container, UnitOfWork, (message) => new UnitOfWork(message.headers['tenant']));

const perMessage = inversify(container, {
  scope: 'container',
  bindMessage: (child) => child.bind(UnitOfWork).toSelf().inSingletonScope(),
});

export { container, perMessage, sales };
export const routes = defineRoutes({ sales: [PlaceOrder] });
