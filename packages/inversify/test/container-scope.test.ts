import { once } from 'node:events';
import type { MessageScope } from '@busbar/core';
import { CurrentMessage, inversify } from '@busbar/inversify';
import { Container, inject, injectable, preDestroy } from 'inversify';
import { describe, expect, test } from 'vitest';

function message(messageId: string): MessageScope {
  return { messageId, headers: {}, endpoint: 'sales' };
}

describe('a container per message', () => {
  const destroyed: string[] = [];

  @injectable()
  class UnitOfWork {
    readonly of: string;

    constructor(@inject(CurrentMessage) current: CurrentMessage) {
      this.of = current.messageId;
    }

    @preDestroy()
    close(): void {
      destroyed.push(this.of);
      if (this.of.includes('broken')) throw new Error(`cannot close ${this.of}`);
    }
  }

  @injectable()
  class PlaceOrderHandler {
    readonly unit: UnitOfWork;

    constructor(@inject(UnitOfWork) unit: UnitOfWork) {
      this.unit = unit;
    }
  }

  const container = new Container();
  const bound: string[] = [];
  const handlers = inversify(container, {
    scope: 'container',
    bindMessage: (child, { messageId }) => {
      bound.push(messageId);
      child.bind(UnitOfWork).toSelf().inSingletonScope();
    },
  });

  test('should share its singletons within the message, and destroy them after it', async () => {
    await handlers.verify?.([PlaceOrderHandler]);
    expect(destroyed).toEqual([]);
    bound.length = 0;
    for (const id of ['a', 'b']) {
      await handlers.within(message(id), async () => {
        const first = await handlers.resolve(PlaceOrderHandler);
        const second = await handlers.resolve(PlaceOrderHandler);
        expect(first).not.toBe(second);
        expect(first.unit).toBe(second.unit);
        expect(first.unit.of).toBe(id);
      });
      expect(destroyed.pop()).toBe(id);
    }
    expect(bound).toEqual(['a', 'b']);
  });

  test('should destroy them when the handler fails', async () => {
    const failing = handlers.within(message('failing and broken'), async () => {
      await handlers.resolve(PlaceOrderHandler);
      throw new Error('no stock');
    });
    const warned = once(process, 'warning');
    await expect(failing).rejects.toThrow('no stock');
    expect(destroyed.pop()).toBe('failing and broken');
    expect(await warned).toMatchObject([{ message: 'cannot close failing and broken' }]);
  });

  test('should fail the message when they cannot be destroyed', async () => {
    const handling = handlers.within(message('broken'), async () => {
      await handlers.resolve(PlaceOrderHandler);
    });
    await expect(handling).rejects.toThrow('cannot close broken');
  });

  test('should give no handler outside of a message', () => {
    expect(() => handlers.resolve(PlaceOrderHandler)).toThrow(
      expect.objectContaining({ code: 'HANDLER_RESOLUTION_FAILED' }),
    );
  });

  test('should let the event loop turn, so that the children before can be freed', async () => {
    let turned = 0;
    const count = (): void => {
      turned += 1;
    };
    const turns = 5;
    for (let index = 0; index < turns * 100; index += 1) {
      setImmediate(count);
      await handlers.within(message(String(index)), () => Promise.resolve());
      if (turned > 0) break;
    }
    expect(turned).toBeGreaterThan(0);
  });

  test('should hold nobody up for good when many messages come at once', async () => {
    const ids = Array.from({ length: 1000 }, (_, index) => String(index));
    const seen = await Promise.all(
      ids.map((id) => handlers.within(message(id), () => Promise.resolve(id))),
    );
    expect(seen).toEqual(ids);
  });
});

describe('a singleton of the application', () => {
  @injectable()
  class Cache {
    readonly current: CurrentMessage;

    constructor(@inject(CurrentMessage) current: CurrentMessage) {
      this.current = current;
    }
  }

  @injectable()
  class ShipHandler {
    readonly cache: Cache;

    constructor(@inject(Cache) cache: Cache) {
      this.cache = cache;
    }
  }

  test.each(['root', 'container'] as const)(
    'should be refused what belongs to one message, in scope %s',
    (scope) => {
      const container = new Container();
      container.bind(Cache).toSelf().inSingletonScope();
      const handlers = inversify(container, { scope });
      expect(() => handlers.verify?.([ShipHandler])).toThrow(
        /Cache, which ShipHandler needs, is a singleton and depends on CurrentMessage/,
      );
    },
  );
});
