import type { MessageScope } from '@busbar/core';
import { CurrentMessage, bindMessageScoped, currentMessage, inversify } from '@busbar/inversify';
import { Container, ContainerModule, inject, injectable } from 'inversify';
import { describe, expect, test } from 'vitest';

const Orders = Symbol('Orders');
const UnitOfWork = Symbol('UnitOfWork');

function message(messageId: string): MessageScope {
  return { messageId, headers: { tenant: `tenant of ${messageId}` }, endpoint: 'sales' };
}

@injectable()
class PlaceOrderHandler {
  readonly orders: string[];

  constructor(@inject(Orders) orders: string[]) {
    this.orders = orders;
  }
}

@injectable('Singleton')
class CountingHandler {}

describe('a handler', () => {
  const container = new Container();
  const orders: string[] = [];
  container.bind(Orders).toConstantValue(orders);
  const handlers = inversify(container);

  test('should be given what it injects, without type metadata', async () => {
    await handlers.verify?.([PlaceOrderHandler]);
    const handler = await handlers.resolve(PlaceOrderHandler);
    expect(handler).toBeInstanceOf(PlaceOrderHandler);
    expect(handler.orders).toBe(orders);
  });

  test('should be resolved without a promise when nothing of it can be one', async () => {
    await handlers.verify?.([PlaceOrderHandler]);
    expect(handlers.resolve(PlaceOrderHandler)).toBeInstanceOf(PlaceOrderHandler);
  });

  test('should be a new one each time, unless its class says otherwise', async () => {
    expect(await handlers.resolve(PlaceOrderHandler)).not.toBe(
      await handlers.resolve(PlaceOrderHandler),
    );
    expect(await handlers.resolve(CountingHandler)).toBe(await handlers.resolve(CountingHandler));
  });

  test('should not be bound in the container that the application made', () => {
    expect(container.isBound(PlaceOrderHandler)).toBe(false);
  });

  test('should come as the application has bound it', async () => {
    const own = new PlaceOrderHandler(['own']);
    const bound = new Container();
    bound.bind(PlaceOrderHandler).toConstantValue(own);
    const adapter = inversify(bound);
    await adapter.verify?.([PlaceOrderHandler]);
    expect(await adapter.resolve(PlaceOrderHandler)).toBe(own);
  });

  test('should come through a container that binds by itself', async () => {
    const adapter = inversify(new Container({ autobind: true, defaultScope: 'Singleton' }));
    await adapter.verify?.([CountingHandler]);
    expect(await adapter.resolve(CountingHandler)).toBeInstanceOf(CountingHandler);
  });

  test('should be waited for when something of it is made asynchronously', async () => {
    const slow = new Container();
    slow.bind(Orders).toDynamicValue(() => Promise.resolve(['late']));
    const adapter = inversify(slow);
    await adapter.verify?.([PlaceOrderHandler]);
    expect((await adapter.resolve(PlaceOrderHandler)).orders).toEqual(['late']);
  });

  test('should let the error of what it is made of through', async () => {
    const down = new Container();
    const error = new Error('database is down');
    down.bind(Orders).toDynamicValue(() => {
      throw error;
    });
    const adapter = inversify(down);
    await adapter.verify?.([PlaceOrderHandler]);
    await expect(Promise.resolve(adapter.resolve(PlaceOrderHandler))).rejects.toBe(error);
  });
});

describe('what belongs to a message', () => {
  class Unit {
    readonly of: string;
    disposed = 0;

    constructor(of: string) {
      this.of = of;
    }

    [Symbol.dispose](): void {
      this.disposed += 1;
    }
  }

  @injectable()
  class Repository {
    readonly unit: Unit;

    constructor(@inject(UnitOfWork) unit: Unit) {
      this.unit = unit;
    }
  }

  @injectable()
  class ShipHandler {
    readonly unit: Unit;
    readonly repository: Repository;
    readonly message: CurrentMessage;

    constructor(
      @inject(UnitOfWork) unit: Unit,
      @inject(Repository) repository: Repository,
      @inject(CurrentMessage) current: CurrentMessage,
    ) {
      this.unit = unit;
      this.repository = repository;
      this.message = current;
    }
  }

  function adapter(units: Unit[] = []): ReturnType<typeof inversify> {
    const container = new Container({ defaultScope: 'Singleton' });
    bindMessageScoped(container, UnitOfWork, ({ messageId }) => {
      const unit = new Unit(messageId);
      units.push(unit);
      return unit;
    });
    container.bind(Repository).toSelf().inTransientScope();
    return inversify(container);
  }

  test('should be one for all that is resolved for it, and another one for the next', async () => {
    const units: Unit[] = [];
    const handlers = adapter(units);
    await handlers.verify?.([ShipHandler]);
    expect(units).toEqual([]);
    for (const id of ['a', 'b']) {
      await handlers.within(message(id), async () => {
        const first = await handlers.resolve(ShipHandler);
        const second = await handlers.resolve(ShipHandler);
        expect(first).not.toBe(second);
        expect(new Set([first.unit, second.unit, first.repository.unit]).size).toBe(1);
        expect(first.unit).toMatchObject({ of: id, disposed: 0 });
        expect(first.message).toEqual(message(id));
        expect(currentMessage()).toEqual(message(id));
      });
    }
    expect(units.map(({ of, disposed }) => [of, disposed])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
  });

  test('should stay apart when messages are handled at the same time', async () => {
    const handlers = adapter();
    const ids = Array.from({ length: 50 }, (_, index) => String(index));
    const seen = await Promise.all(
      ids.map((id) =>
        handlers.within(message(id), async () => {
          await Promise.resolve();
          const first = await handlers.resolve(ShipHandler);
          await new Promise((resolve) => setImmediate(resolve));
          const second = await handlers.resolve(ShipHandler);
          return [first.unit.of, second.unit.of, currentMessage().messageId];
        }),
      ),
    );
    expect(seen).toEqual(ids.map((id) => [id, id, id]));
  });

  test('should be disposed when the handler fails, and the error should be the handler’s', async () => {
    const units: Unit[] = [];
    const handlers = adapter(units);
    const failing = handlers.within(message('a'), async () => {
      await handlers.resolve(ShipHandler);
      throw new Error('no stock');
    });
    await expect(failing).rejects.toThrow('no stock');
    expect(units).toMatchObject([{ disposed: 1 }]);
  });

  test('should be disposed the last first, asynchronously where it can be', async () => {
    const container = new Container();
    const steps: string[] = [];
    bindMessageScoped(container, 'first', () => ({
      [Symbol.asyncDispose]: async () => {
        await Promise.resolve();
        steps.push('first');
      },
      [Symbol.dispose]: () => steps.push('not this one'),
    }));
    bindMessageScoped(container, 'second', async () => ({
      [Symbol.dispose]: () => steps.push('second'),
    }));
    bindMessageScoped(container, 'plain', () => 'a string');
    const handlers = inversify(container);
    await handlers.within(message('a'), async () => {
      container.get('first');
      await container.getAsync('second');
      container.get('plain');
    });
    expect(steps).toEqual(['second', 'first']);
  });

  test('should fail the message when it cannot be disposed, after all others were', async () => {
    const container = new Container();
    const steps: string[] = [];
    bindMessageScoped(container, 'first', () => ({ [Symbol.dispose]: () => steps.push('first') }));
    bindMessageScoped(container, 'second', () => ({
      [Symbol.dispose]: () => {
        throw new Error('cannot close');
      },
    }));
    const handlers = inversify(container);
    const handling = handlers.within(message('a'), async () => {
      container.get('first');
      container.get('second');
    });
    await expect(handling).rejects.toThrow('cannot close');
    expect(steps).toEqual(['first']);
  });

  test('should be refused outside of handlers, and after they have ended', async () => {
    const handlers = adapter();
    expect(() => currentMessage()).toThrow(
      expect.objectContaining({ code: 'HANDLER_RESOLUTION_FAILED' }),
    );
    await expect(handlers.resolve(ShipHandler)).rejects.toThrow(
      /UnitOfWork.*outside the handlers of a message.*\[HANDLER_RESOLUTION_FAILED\]/,
    );
    let late: Promise<unknown> | undefined;
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    await handlers.within(message('a'), async () => {
      late = ended.then(() => handlers.resolve(ShipHandler));
    });
    end();
    await expect(late).rejects.toThrow(/after the handlers of message a had ended.*Await all/);
  });

  test('should be bound from a module too', async () => {
    const container = new Container();
    await container.loadAsync(
      new ContainerModule((options) => {
        bindMessageScoped(options, UnitOfWork, ({ messageId }) => messageId);
      }),
    );
    const handlers = inversify(container);
    const id = await handlers.within(message('a'), async () => container.get(UnitOfWork));
    expect(id).toBe('a');
  });
});
