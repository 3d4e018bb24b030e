import { EventEmitter } from 'node:events';
import { inversify } from '@busbar/inversify';
import { Container, inject, injectFromBase, injectable, multiInject, optional } from 'inversify';
import { afterEach, describe, expect, test, vi } from 'vitest';

const Orders = Symbol('Orders');
const constructed: string[] = [];
afterEach(() => {
  constructed.length = 0;
});

type Handler = new (...dependencies: never[]) => object;

function verify(type: Handler, container = new Container()): void {
  void inversify(container).verify?.([type]);
}

describe('at start', () => {
  test('should find nothing wrong with what can be made, and make nothing', () => {
    @injectable()
    class Store {
      constructor() {
        constructed.push('Store');
      }
    }

    @injectable()
    class SoundHandler {
      @inject(Store) readonly store!: Store;

      constructor(
        @inject(Store) store: Store,
        @inject('missing') @optional() missing: unknown,
        @multiInject(Orders) orders: unknown[],
      ) {
        constructed.push(String([store, missing, orders]));
      }
    }

    const container = new Container();
    container.bind(Store).toSelf().inSingletonScope();
    container.bind(Orders).toDynamicValue(() => constructed.push('Orders'));
    container
      .bind(Orders)
      .toResolvedValue((store: Store) => constructed.push(store.constructor.name), [Store]);
    verify(SoundHandler, container);
    verify(SoundHandler, container);
    expect(constructed).toEqual([]);
  });

  test('should make nothing of a handler that another handler needs', () => {
    @injectable()
    class InnerHandler {
      constructor() {
        constructed.push('InnerHandler');
      }
    }

    @injectable()
    class OuterHandler {
      constructor(@inject(InnerHandler) inner: InnerHandler) {
        constructed.push(inner.constructor.name);
      }
    }

    const handlers = inversify(new Container());
    void handlers.verify?.([InnerHandler, OuterHandler, InnerHandler]);
    expect(constructed).toEqual([]);
  });

  test('should accept a class without decorators that needs none', () => {
    class PlainHandler {}
    expect(() => verify(PlainHandler)).not.toThrow();
  });

  test('should accept a class without decorators that the application makes itself', () => {
    class HandmadeHandler {
      readonly orders: unknown;

      constructor(orders: unknown) {
        this.orders = orders;
      }
    }
    const container = new Container();
    container.bind(Orders).toConstantValue([]);
    container
      .bind(HandmadeHandler)
      .toResolvedValue((orders: unknown) => new HandmadeHandler(orders), [Orders]);
    expect(() => verify(HandmadeHandler, container)).not.toThrow();
  });
});

describe('a mistake', () => {
  class Undecorated {
    readonly orders: unknown;
    readonly clock: unknown;

    constructor(orders: unknown, clock: unknown) {
      this.orders = orders;
      this.clock = clock;
    }
  }

  @injectable()
  class WithoutTypes {
    readonly orders: unknown;

    constructor(orders: unknown) {
      this.orders = orders;
    }
  }

  @injectable()
  class HalfInjected {
    readonly all: unknown[];

    constructor(@inject(Orders) orders: unknown, clock: unknown) {
      this.all = [orders, clock];
    }
  }

  @injectable()
  class Unbound {
    readonly orders: unknown;

    constructor(@inject(Orders) orders: unknown) {
      this.orders = orders;
    }
  }

  @injectable()
  class Deep {
    readonly unbound: Unbound;

    constructor(@inject(Unbound) unbound: Unbound) {
      this.unbound = unbound;
    }
  }

  @injectable()
  class Inheriting extends Unbound {}

  const missingToken = undefined as unknown as symbol;

  @injectable()
  class Circular {
    readonly token: unknown;

    constructor(@inject(missingToken) token: unknown) {
      this.token = token;
    }
  }

  const A = Symbol('A');
  const B = Symbol('B');

  @injectable()
  class NeedsB {
    readonly b: unknown;

    constructor(@inject(B) b: unknown) {
      this.b = b;
    }
  }

  @injectable()
  class NeedsA {
    readonly a: unknown;

    constructor(@inject(A) a: unknown) {
      this.a = a;
    }
  }

  function bound(bind: (container: Container) => void): Container {
    const container = new Container();
    bind(container);
    return container;
  }

  const circle = bound((container) => {
    container.bind(A).to(NeedsB);
    container.bind(B).to(NeedsA);
  });
  const twice = bound((container) => {
    container.bind(Orders).toConstantValue(1);
    container.bind(Orders).toConstantValue(2);
  });
  const deep = bound((container) => container.bind(Unbound).toSelf());
  const inheritingBelow = bound((container) => {
    container.bind(Unbound).to(Inheriting);
  });

  test.each<[string, Handler, Container, RegExp]>([
    [
      'no decorator that ran',
      Undecorated,
      new Container(),
      /parameters 1, 2 of Undecorated: no decorator of it ran.*"experimentalDecorators": true.*"include"/,
    ],
    [
      'types that were not recorded',
      WithoutTypes,
      new Container(),
      /parameter 1 of WithoutTypes: the compiler recorded no types.*@inject\(Token\).*"emitDecoratorMetadata": true.*esbuild and tsx/,
    ],
    ['one parameter forgotten', HalfInjected, new Container(), /parameter 2 of HalfInjected/],
    [
      'a binding that is missing',
      Unbound,
      new Container(),
      /cannot make Unbound: No bindings found for service: "Symbol\(Orders\)".*for "Unbound".*before the endpoint starts/,
    ],
    [
      'one that is missing further down',
      Deep,
      deep,
      /cannot make Deep: No bindings.*for "Unbound"/,
    ],
    ['two bindings for one', Unbound, twice, /Ambiguous bindings.*@named/],
    ['a circle', NeedsA, circle, /Circular dependency found: .*Break the circle/],
    [
      'a token that a circular import left undefined',
      Circular,
      new Container(),
      /parameter 1 of Circular is undefined.*LazyServiceIdentifier/,
    ],
    [
      'a constructor that it inherits',
      Inheriting,
      new Container(),
      /Inheriting inherits the constructor of Unbound.*@injectFromBase/,
    ],
    [
      'a dependency with a constructor that it inherits',
      Deep,
      inheritingBelow,
      /Inheriting inherits the constructor of Unbound/,
    ],
  ])('should be named at start: %s', (_what, type, container, text) => {
    expect(() => verify(type, container)).toThrow(
      expect.objectContaining({
        code: 'HANDLER_RESOLUTION_FAILED',
        message: expect.stringMatching(text),
        details: expect.objectContaining({ handler: expect.any(String) }),
      }),
    );
  });

  test('should not be seen in a class that inherits what to inject, or needs nothing', () => {
    @injectable()
    @injectFromBase()
    class Injected extends Unbound {}

    @injectable()
    class WithOwn extends Unbound {
      constructor() {
        super([]);
      }
    }

    @injectable()
    class BelowWithOwn extends WithOwn {}

    @injectable()
    class Emitting extends EventEmitter {}

    class Options {
      readonly options: object | undefined;

      constructor(options?: object) {
        this.options = options;
      }
    }

    @injectable()
    class WithOptions extends Options {}
    const container = new Container();
    container.bind(Orders).toConstantValue([]);
    for (const type of [Injected, WithOwn, BelowWithOwn, Emitting, WithOptions]) {
      expect(() => verify(type, container)).not.toThrow();
    }
  });

  test('should be named when another inversify decorated the class', () => {
    class OldHandler {
      readonly orders: unknown;

      constructor(orders: unknown) {
        this.orders = orders;
      }
    }
    const { defineMetadata } = Reflect as unknown as {
      defineMetadata(key: string, value: unknown, target: object): void;
    };
    defineMetadata('inversify:paramtypes', [Object], OldHandler);
    expect(() => verify(OldHandler)).toThrow(
      expect.objectContaining({
        code: 'INCOMPATIBLE_PACKAGE',
        message: expect.stringMatching(/inversify 6.*pnpm why inversify/),
      }),
    );
  });

  test('should be named when another reflect-metadata took the place of the first', () => {
    const spy = vi
      .spyOn(Reflect as unknown as { getOwnMetadata(): unknown }, 'getOwnMetadata')
      .mockReturnValue(undefined);
    try {
      expect(() => verify(Unbound)).toThrow(
        /no decorator of it ran.*another copy of reflect-metadata.*pnpm dedupe/,
      );
    } finally {
      spy.mockRestore();
    }
  });

  test('should be named when the core was loaded twice', () => {
    const copies = (globalThis as unknown as Record<symbol, Set<string>>)[
      Symbol.for('busbar.copies')
    ];
    copies?.add('file:///other/core.js');
    try {
      expect(() => verify(Undecorated)).toThrow(
        expect.objectContaining({
          code: 'INCOMPATIBLE_PACKAGE',
          message: expect.stringContaining('file:///other/core.js'),
        }),
      );
    } finally {
      copies?.delete('file:///other/core.js');
    }
  });
});
