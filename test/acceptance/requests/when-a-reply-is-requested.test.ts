import {
  Command,
  type Endpoint,
  Message,
  defineRoutes,
  handler,
  memoryPersistence,
} from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { transports } from '../../support/transports.ts';

class Quote extends Message('Pricing.Quote')<{ price: number }> {}
class Refusal extends Message('Pricing.Refusal')<{ reason: string }> {}
class GetQuote extends Command('Pricing.GetQuote', { reply: Quote })<{ sku: number }> {}
class Ask extends Command('Pricing.Ask')<{ sku: number }> {}

const routes = defineRoutes({ pricing: [GetQuote, Ask] });
const giveQuote = handler(GetQuote, ({ sku }, context) => context.reply(new Quote({ price: sku })));

describe.each(transports)('when a reply is requested on $name', (transport) => {
  test('should resolve with an instance of the declared type', async () => {
    await using harness = await transport.harness();
    const shop = harness.endpoint('shop', { routes });
    harness.endpoint('pricing', { handlers: [giveQuote] });
    await harness.start();
    const quote = await shop.request(new GetQuote({ sku: 7 }));
    expectTypeOf(quote).toEqualTypeOf<Quote>();
    expect(quote).toBeInstanceOf(Quote);
    expect(quote).toEqual(new Quote({ price: 7 }));
  });

  test('should give each of a thousand concurrent requests its own reply', async () => {
    await using harness = await transport.harness();
    const shop = harness.endpoint('shop', { routes });
    harness.endpoint('pricing', { handlers: [giveQuote], concurrency: 50 });
    await harness.start();
    const skus = Array.from({ length: 1_000 }, (_, index) => index);
    const quotes = await Promise.all(skus.map((sku) => shop.request(new GetQuote({ sku }))));
    expect(quotes.map(({ price }) => price)).toEqual(skus);
  });

  test('should go to the instance that asked', async () => {
    await using harness = await transport.harness();
    const shops = [1, 2, 3].map(() => harness.endpoint('shop', { routes }));
    harness.endpoint('pricing', { handlers: [giveQuote] });
    await harness.start();
    const quotes = shops.map((shop, sku) => shop.request(new GetQuote({ sku })));
    expect((await Promise.all(quotes)).map(({ price }) => price)).toEqual([0, 1, 2]);
  });
});

describe('when a reply is requested', () => {
  test('should take any type that the endpoint knows where the command declares none', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes, messages: [Quote, Refusal] });
    harness.endpoint('pricing', {
      handlers: [
        handler(Ask, ({ sku }, context) =>
          sku > 0
            ? context.reply(new Quote({ price: sku }))
            : context.reply(new Refusal({ reason: 'sold out' })),
        ),
      ],
    });
    await harness.start();
    expect(await shop.request(new Ask({ sku: 1 }))).toEqual(new Quote({ price: 1 }));
    expect(await shop.request(new Ask({ sku: 0 }))).toEqual(new Refusal({ reason: 'sold out' }));
  });

  test('should carry the destination, headers and id of the options', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop');
    harness.endpoint('pricing', { handlers: [giveQuote] });
    await harness.start();
    await shop.request(new GetQuote({ sku: 1 }), {
      destination: 'pricing',
      headers: { tenant: 'acme' },
      messageId: 'm-1',
    });
    const [request, reply] = harness.outgoing;
    expect(request?.headers).toMatchObject({ tenant: 'acme', 'busbar-message-id': 'm-1' });
    expect(reply?.headers).toMatchObject({
      'busbar-correlation-id': 'm-1',
      'busbar-related-to': 'm-1',
      'busbar-intent': 'reply',
    });
  });

  test('should be correlated through a handler that asks somebody else first', async () => {
    await using harness = createHarness();
    class Price extends Message('Stock.Price')<{ price: number }> {}
    class GetPrice extends Command('Stock.GetPrice')<{ replyTo: string }> {}
    const shop = harness.endpoint('shop', { routes });
    harness.endpoint('pricing', {
      handlers: [
        handler(GetQuote, ({ sku }, context) =>
          context.send(new GetPrice({ replyTo: String(sku) }), { destination: 'stock' }),
        ),
        handler(Price, () => {}),
      ],
    });
    harness.endpoint('stock', {
      handlers: [handler(GetPrice, (_, context) => context.reply(new Price({ price: 5 })))],
    });
    await harness.start();
    const asked = shop.request(new GetQuote({ sku: 1 }), { messageId: 'm-1', timeout: '1m' });
    await harness.settled();
    expect(harness.outgoing.map(({ headers }) => headers['busbar-correlation-id'])).toEqual([
      'm-1',
      'm-1',
      'm-1',
    ]);
    expect(harness.handled(Price)).toHaveLength(1);
    await Promise.all([
      expect(asked).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' }),
      harness.advance('1m'),
    ]);
  });

  test('should keep the reply queue of a named instance across restarts', async () => {
    await using harness = createHarness();
    harness.endpoint('pricing', { handlers: [giveQuote] });
    for (const sku of [1, 2]) {
      const shop = harness.endpoint('shop', { routes, instance: 'pod-1' });
      await harness.start();
      expect(await shop.request(new GetQuote({ sku }))).toEqual(new Quote({ price: sku }));
      await shop.stop();
    }
    const queues = await (await harness.queues()).list();
    expect(queues.map(({ name }) => name).filter((name) => name.includes('repl'))).toEqual([
      'shop.replies.pod-1',
    ]);
  });

  test('should answer everybody who asked under one id, though the receiver answers once', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes });
    harness.endpoint('pricing', {
      persistence: memoryPersistence(),
      outbox: true,
      handlers: [giveQuote],
    });
    await harness.start();
    const ask = (): Promise<Quote> => shop.request(new GetQuote({ sku: 7 }), { messageId: 'm-1' });
    const quotes = await Promise.all([ask(), ask(), ask()]);
    expect(quotes).toEqual([1, 2, 3].map(() => new Quote({ price: 7 })));
    expect(new Set(quotes).size).toBe(3);
  });

  test('should take the first reply, and discard and count a second one', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes });
    harness.endpoint('pricing', {
      handlers: [
        handler(GetQuote, async (_, context) => {
          await context.reply(new Quote({ price: 1 }));
          await context.reply(new Quote({ price: 2 }));
        }),
      ],
    });
    await harness.start();
    expect(await shop.request(new GetQuote({ sku: 7 }))).toEqual(new Quote({ price: 1 }));
    await harness.settled();
    expect(shop.health().counts.discarded).toBe(1);
  });

  test('should pass the reply through the mutators', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', {
      routes,
      mutators: [
        {
          incoming: (incoming) => {
            const { price } = incoming.message as Quote;
            incoming.message = new Quote({ price: price + 1 });
          },
        },
      ],
    });
    harness.endpoint('pricing', { handlers: [giveQuote] });
    await harness.start();
    expect(await shop.request(new GetQuote({ sku: 7 }))).toEqual(new Quote({ price: 8 }));
  });

  test('should refuse to be called inside a handler, where it would wait for its own transaction', async () => {
    await using harness = createHarness();
    const refusals: unknown[] = [];
    const pricing: Endpoint<typeof routes> = harness.endpoint('pricing', {
      routes,
      handlers: [
        giveQuote,
        handler(Ask, async () => {
          await pricing.request(new GetQuote({ sku: 1 })).catch((error) => refusals.push(error));
        }),
      ],
    });
    await harness.start();
    await pricing.send(new Ask({ sku: 1 }));
    await harness.settled();
    expect(refusals).toMatchObject([
      {
        code: 'REQUEST_IN_HANDLER',
        message: expect.stringContaining('called with Pricing.GetQuote inside a handler') as string,
        help: 'Send a command and handle its reply; a request inside a handler would wait for its own transaction.',
      },
    ]);
    expect(harness.sent(GetQuote)).toEqual([]);
  });

  test('should refuse on an endpoint that cannot receive', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes, sendOnly: true });
    await harness.start();
    await expect(shop.request(new GetQuote({ sku: 1 }))).rejects.toMatchObject({
      code: 'SEND_ONLY',
    });
  });
});
