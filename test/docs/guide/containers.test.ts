import { Command, type HandlerClass, type HandlerContainer, handler } from '@busbar/core';
import { handles } from '@busbar/core/decorators';
import { bindMessageScoped, inversify } from '@busbar/inversify';
import { createHarness } from '@busbar/testing';
import { Container, inject, injectable } from 'inversify';
import { expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
const events: string[] = [];

// #region scoped
class UnitOfWork {
  readonly tenant: string;

  constructor(tenant: string) {
    this.tenant = tenant;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    events.push(`closed for ${this.tenant}`);
  }
}

const container = new Container();
bindMessageScoped(container, UnitOfWork, ({ headers }) => new UnitOfWork(headers['tenant'] ?? ''));

@injectable()
class PlaceOrderHandler {
  constructor(@inject(UnitOfWork) private readonly work: UnitOfWork) {}

  @handles(PlaceOrder)
  place(command: PlaceOrder): void {
    events.push(`${command.orderId} for ${this.work.tenant}`);
  }
}
// #endregion

// #region own
function myContainer(make: (type: HandlerClass) => object): HandlerContainer {
  return {
    name: 'mine',
    resolve: <T extends object>(type: HandlerClass<T>) => make(type) as T,
    within: (_scope, run) => run(),
  };
}
// #endregion

test('should make what belongs to one message and dispose it', async () => {
  await using harness = createHarness();
  const handlers = [PlaceOrderHandler];
  const sales = harness.endpoint('sales', { handlers, container: inversify(container) });
  await harness.start();
  await sales.sendLocal(new PlaceOrder({ orderId: 'A-1' }), { headers: { tenant: 'acme' } });
  await harness.settled();
  expect(events).toEqual(['A-1 for acme', 'closed for acme']);
});

test('should take another container', async () => {
  class Ship {
    @handles(PlaceOrder)
    ship(): void {}
  }
  await using harness = createHarness();
  const sales = harness.endpoint('sales', {
    handlers: [Ship, handler(PlaceOrder, () => {})],
    container: myContainer((Type) => new Type()),
  });
  await harness.start();
  await sales.sendLocal(new PlaceOrder({ orderId: 'A-1' }));
  await harness.settled();
  expect(harness.handled(PlaceOrder)).toHaveLength(1);
});
