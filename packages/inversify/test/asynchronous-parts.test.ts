import { inversify } from '@busbar/inversify';
import { Container, inject, injectable, postConstruct } from 'inversify';
import { describe, expect, test } from 'vitest';

describe('an asynchronous part', () => {
  @injectable()
  class Connected {
    ready = false;

    @postConstruct()
    async connect(): Promise<void> {
      await Promise.resolve();
      this.ready = true;
    }
  }

  @injectable()
  class ShipHandler {
    readonly connected: Connected;

    constructor(@inject(Connected) connected: Connected) {
      this.connected = connected;
    }
  }

  test.each<[string, (container: Container) => void]>([
    ['a @postConstruct method', (container) => container.bind(Connected).toSelf()],
    [
      'an activation of the binding',
      (container) =>
        container
          .bind(Connected)
          .toConstantValue(new Connected())
          .onActivation((_context, each) => each.connect().then(() => each)),
    ],
    [
      'an activation of the service',
      (container) => {
        container.bind(Connected).toConstantValue(new Connected());
        container.onActivation(Connected, (_context, each) => each.connect().then(() => each));
      },
    ],
    [
      'a constant that is a promise',
      (container) => {
        const promise = new Connected().connect().then(() => ({ ready: true }) as Connected);
        container.bind(Connected).toConstantValue(promise as unknown as Connected);
      },
    ],
    [
      'a redirection to one of these',
      (container) => {
        container.bind('other').toDynamicValue(async () => ({ ready: true }));
        container.bind(Connected).toService('other');
      },
    ],
  ])('should be waited for: %s', async (_what, bind) => {
    const container = new Container();
    bind(container);
    const handlers = inversify(container);
    await handlers.verify?.([ShipHandler]);
    const handler = await handlers.resolve(ShipHandler);
    expect(handler.connected.ready).toBe(true);
  });
});
