import { inversify } from '@busbar/inversify';
import { Container, decorate, inject, injectable } from 'inversify';
import { expect, test } from 'vitest';

const mode = process.env['BUSBAR_DECORATORS'];

class Orders {}

@injectable()
class PlaceOrderHandler {
  readonly orders: Orders;

  constructor(orders: Orders) {
    this.orders = orders;
  }
}

@injectable()
class ShipHandler {
  readonly orders: Iterable<string>;

  constructor(orders: Iterable<string>) {
    this.orders = orders;
  }
}

function containerWithOrders(): Container {
  const container = new Container();
  container.bind(Orders).toSelf();
  return container;
}

test('should inject by the recorded type where there is one, and else say what to change', async () => {
  const handlers = inversify(containerWithOrders());
  if (mode === 'metadata') {
    await handlers.verify?.([PlaceOrderHandler]);
    expect((await handlers.resolve(PlaceOrderHandler)).orders).toBeInstanceOf(Orders);
  } else {
    expect(() => handlers.verify?.([PlaceOrderHandler])).toThrow(
      /recorded no types.*@inject\(Token\).*"emitDecoratorMetadata": true/,
    );
  }
});

test('should say that an interface leaves no type to inject by', () => {
  const text = mode === 'metadata' ? /recorded the type Object.*import type/ : /recorded no types/;
  expect(() => inversify(new Container()).verify?.([ShipHandler])).toThrow(text);
});

// Parameters have no decorators in the standard; this is what works there.
test('should inject what is named beside the class, with any compiler', async () => {
  class ListOrdersHandler {
    readonly orders: Orders;

    constructor(orders: Orders) {
      this.orders = orders;
    }
  }
  decorate(injectable(), ListOrdersHandler);
  decorate(inject(Orders) as ParameterDecorator, ListOrdersHandler, 0);
  const handlers = inversify(containerWithOrders());
  await handlers.verify?.([ListOrdersHandler]);
  expect((await handlers.resolve(ListOrdersHandler)).orders).toBeInstanceOf(Orders);
});
