import { Command, Event, type Logger, type Observer, defineRoutes, handler } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, onTestFinished, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });
const broken = (): never => {
  throw new Error('the collector is gone');
};

const rejecting = (() => Promise.reject(new Error('the collector is gone'))) as () => never;

const observers: readonly [string, Observer][] = [
  ['in observe', { observe: broken }],
  ['in outgoing', { outgoing: broken }],
  ['in process, before next', { process: broken }],
  [
    'in process, after next',
    {
      process: async (_headers, _queue, next) => {
        await next();
        broken();
      },
    },
  ],
  [
    'nothing, but calls next twice',
    {
      process: async (_headers, _queue, next) => {
        await next();
        await next();
      },
    },
  ],
  ['nothing, but never calls next', { process: async () => {} }],
  // The compiler lets an async function stand where nothing is returned.
  ['in observe, asynchronously', { observe: rejecting }],
  ['in outgoing, asynchronously', { outgoing: rejecting }],
];

describe('when an observer throws', () => {
  test.each(observers)('should change nothing where it throws %s', async (_, observer) => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      observers: [observer],
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) =>
          context.publish(new OrderPlaced({ orderId })),
        ),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
    expect(harness.published(OrderPlaced)).toHaveLength(1);
    expect(sales.health()).toMatchObject({ status: 'healthy', counts: { handled: 1, failed: 0 } });
  });

  test('should be logged', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      observers: [{ observe: broken, outgoing: broken, process: broken }],
      handlers: [handler(PlaceOrder, () => {})],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(new Set(harness.logger.messages('warn'))).toEqual(
      new Set([
        'An observer threw before a message was sent',
        'An observer threw while a message was processed',
        'An observer threw',
      ]),
    );
  });

  test('should not turn a failure into a success by catching it', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      observers: [{ process: (_headers, _queue, next) => next().catch(() => {}) }],
      handlers: [
        handler(PlaceOrder, () => {
          throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([{ failure: { message: 'no stock' } }]);
  });

  test('should run around everything of one attempt, the first one outermost', async () => {
    await using harness = createHarness();
    const log: string[] = [];
    const around = (name: string): Observer => ({
      process: async (headers, queue, next) => {
        log.push(`${name} in ${queue} ${headers['busbar-message-id']}`);
        await next();
        log.push(`${name} out`);
      },
    });
    const sales = harness.endpoint('sales', {
      routes,
      observers: [around('first'), around('second')],
      handlers: [handler(PlaceOrder, () => void log.push('handler'))],
    });
    await harness.start();
    await sales.send(placeOrder, { messageId: 'm-1' });
    await harness.settled();
    expect(log).toEqual([
      'first in sales m-1',
      'second in sales m-1',
      'handler',
      'second out',
      'first out',
    ]);
  });
});

describe('when a logger throws', () => {
  test('should neither fail nor lose a message, and be told as a warning of the process', async () => {
    await using harness = createHarness();
    const warnings: string[] = [];
    const onWarning = ({ name, message }: Error): void => {
      if (name === 'BusbarWarning') warnings.push(message);
    };
    process.on('warning', onWarning);
    onTestFinished(() => void process.off('warning', onWarning));
    const logger: Logger = { debug: broken, info: broken, warn: broken, error: broken };
    const sales = harness.endpoint('sales', {
      routes,
      logger,
      recoverability: { ...noRetries, immediate: 1 },
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) => {
          context.log.info({}, 'Placing');
          if (orderId === 'bad') throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await sales.send(new PlaceOrder({ orderId: 'bad' }));
    await harness.settled();
    expect(harness.handled(PlaceOrder)).toHaveLength(1);
    expect(await harness.errorQueue()).toHaveLength(1);
    expect(sales.health().status).toBe('healthy');
    await harness.until(() => warnings.length > 0);
    expect(warnings).toEqual(['The logger threw: the collector is gone']);
  });
});
