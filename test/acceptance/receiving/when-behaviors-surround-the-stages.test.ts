import {
  type AnyBehavior,
  Command,
  Event,
  type StageName,
  behavior,
  defineRoutes,
  handler,
  stageDescriptions,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const placeOrder = new PlaceOrder({ orderId: 'A-1' });
const publishPlaced = handler(PlaceOrder, ({ orderId }, context) =>
  context.publish(new OrderPlaced({ orderId })),
);

function noting(log: string[], stage: StageName, name: string): AnyBehavior {
  return behavior(stage, name, async (_, next) => {
    log.push(`${name} in`);
    await next();
    log.push(`${name} out`);
  }) as AnyBehavior;
}

describe('when behaviors surround the stages', () => {
  test('should run at every stage, the first registered outermost', async () => {
    await using harness = createHarness();
    const log: string[] = [];
    const stages = Object.keys(stageDescriptions) as StageName[];
    harness.endpoint('sales', {
      handlers: [publishPlaced],
      behaviors: stages.flatMap((stage) => [
        noting(log, stage, `${stage} 1`),
        noting(log, stage, `${stage} 2`),
      ]),
    });
    const sender = harness.endpoint('sender', { routes });
    await harness.start();
    await sender.send(placeOrder);
    await harness.settled();
    const around = (stage: StageName, inner: string[]): string[] => [
      `${stage} 1 in`,
      `${stage} 2 in`,
      ...inner,
      `${stage} 2 out`,
      `${stage} 1 out`,
    ];
    const handling = around('handlers', around('route', around('serialize', [])));
    const committing = around('deserialize', around('transaction', handling));
    const all = around('outbox', [...committing, ...around('dispatch', [])]);
    expect(log).toEqual(around('transport-receive', around('unwrap', all)));
  });

  test('should refuse a second next, and fail the attempt', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      behaviors: [
        behavior('handlers', 'twice', async (_, next) => {
          await next();
          await next();
        }),
      ],
      handlers: [publishPlaced],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([
      {
        failure: {
          code: 'NEXT_CALLED_TWICE',
          message: expect.stringContaining('The behaviour "twice" called next() twice.') as string,
        },
      },
    ]);
    expect(harness.published(OrderPlaced)).toEqual([]);
  });

  test.each([
    'transport-receive',
    'unwrap',
    'outbox',
    'deserialize',
    'transaction',
    'handlers',
  ] as const)(
    'should skip the message as a success where next is not called in %s',
    async (stage) => {
      await using harness = createHarness();
      const sales = harness.endpoint('sales', {
        routes,
        behaviors: [behavior(stage, 'skip', async () => {}) as AnyBehavior],
        handlers: [publishPlaced],
      });
      await harness.start();
      await sales.send(placeOrder);
      await harness.settled();
      expect(harness.published(OrderPlaced)).toEqual([]);
      expect(await harness.errorQueue()).toEqual([]);
      expect(sales.health().counts).toMatchObject({ handled: 1, failed: 0 });
    },
  );

  test.each([
    'transport-receive',
    'unwrap',
    'outbox',
    'deserialize',
    'transaction',
    'handlers',
  ] as const)(
    'should fail the attempt where one throws in %s, after its handlers too',
    async (stage) => {
      await using harness = createHarness();
      const sales = harness.endpoint('sales', {
        routes,
        recoverability: noRetries,
        behaviors: [
          behavior(stage, 'throw', async (_, next) => {
            await next();
            throw new Error('not like this');
          }) as AnyBehavior,
        ],
        handlers: [publishPlaced],
      });
      await harness.start();
      await sales.send(placeOrder);
      await harness.settled();
      // Outside of the transaction everything is done already: the message was settled with what it sent.
      const tooLate = stage === 'transport-receive' || stage === 'unwrap' || stage === 'outbox';
      expect(harness.published(OrderPlaced)).toHaveLength(tooLate ? 1 : 0);
      expect(sales.health().counts.failed).toBe(1);
    },
  );

  test('should change what the handlers get, and what leaves', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      behaviors: [
        behavior('handlers', 'double', async (context, next) => {
          context.message = new PlaceOrder({ orderId: 'changed' });
          await next();
        }),
        behavior('route', 'stamp', async (context, next) => {
          context.headers['stamp'] = `${context.intent} ${context.relatedTo ?? 'alone'}`;
          await next();
        }),
        behavior('dispatch', 'count', async (context, next) => {
          expect(context.operations).toHaveLength(1);
          await next();
        }),
      ],
      handlers: [publishPlaced],
    });
    await harness.start();
    await sales.send(placeOrder, { messageId: 'm-1' });
    await harness.settled();
    expect(harness.published(OrderPlaced)).toMatchObject([{ orderId: 'changed' }]);
    expect(harness.outgoing.map(({ headers }) => headers['stamp'])).toEqual([
      'send alone',
      'publish m-1',
    ]);
  });

  test('should redirect what leaves', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      behaviors: [
        behavior('serialize', 'redirect', async (context, next) => {
          context.destination = { kind: 'queue', queue: 'archive' };
          await next();
        }),
      ],
    });
    harness.endpoint('archive', { handlers: [handler(PlaceOrder, () => {})] });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(harness.attempts).toMatchObject([{ endpoint: 'archive' }]);
  });

  test.each(['route', 'serialize'] as const)(
    'should refuse to swallow a message in %s',
    async (stage) => {
      await using harness = createHarness();
      const sales = harness.endpoint('sales', {
        routes,
        behaviors: [behavior(stage, 'swallow', async () => {}) as AnyBehavior],
      });
      await harness.start();
      await expect(sales.send(placeOrder)).rejects.toMatchObject({
        code: 'DISPATCH_REFUSED',
        help: 'Call next(), or throw an error that says why the message must not leave.',
      });
    },
  );

  test('should refuse to swallow a batch, whose message would be lost', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      behaviors: [behavior('dispatch', 'swallow', async () => {})],
    });
    await harness.start();
    await expect(sales.send(placeOrder)).rejects.toMatchObject({ code: 'DISPATCH_REFUSED' });
  });

  test('should change the decision about a failure, and add to its headers', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      behaviors: [
        behavior('recoverability', 'park', async (context, next) => {
          expect(context.action).toEqual({ action: 'immediate' });
          context.action = { action: 'error', queue: 'parked' };
          context.extraHeaders['team'] = 'checkout';
          await next();
        }),
      ],
      handlers: [
        handler(PlaceOrder, () => {
          throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await (await harness.queues()).provision([{ name: 'parked' }]);
    await sales.send(placeOrder);
    await harness.settled();
    expect(await harness.errorQueue('parked')).toMatchObject([
      { headers: { team: 'checkout' }, failure: { message: 'no stock' } },
    ]);
  });

  test('should keep the message where a behavior swallows the decision about a failure', async () => {
    await using harness = createHarness();
    let swallowing = true;
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: noRetries,
      behaviors: [
        behavior('recoverability', 'swallow', async (_, next) => {
          if (swallowing) {
            swallowing = false;
            return;
          }
          await next();
        }),
      ],
      handlers: [
        handler(PlaceOrder, () => {
          throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(placeOrder);
    await harness.settled();
    expect(harness.failures(PlaceOrder)).toHaveLength(2);
    expect(await harness.errorQueue()).toHaveLength(1);
  });
});
