import { Command, Event, Message, defineRoutes, handler } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { object } from '../../support/schema.ts';

class Quote extends Message('Pricing.Quote', object({ price: 'number' })) {}
class Refusal extends Message('Pricing.Refusal')<{ reason: string }> {}
class GetQuote extends Command('Pricing.GetQuote', { reply: Quote })<{ sku: string }> {}
class Ask extends Command('Pricing.Ask')<{ sku: string }> {}
class Unrelated extends Event('Pricing.Unrelated') {}

const routes = defineRoutes({ pricing: [GetQuote, Ask] });
const getQuote = new GetQuote({ sku: 'x' });

describe('when a request cannot be answered', () => {
  test('should reject at once when it reaches no queue', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes });
    await harness.start();
    const asked = shop.request(getQuote, { destination: 'prizing' });
    await expect(asked).rejects.toMatchObject({ code: 'UNDELIVERABLE' });
    expect(harness.clock.pendingTimers).toBe(0);
  });

  test('should reject at once when it cannot be sent', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop');
    await harness.start();
    const asked = shop.request(getQuote as never);
    await expect(asked).rejects.toMatchObject({ code: 'NO_ROUTE' });
    const wrong = shop.request(new Unrelated() as never, { destination: 'pricing' });
    await expect(wrong).rejects.toMatchObject({ code: 'EVENT_SENT' });
  });

  test('should reject when the reply is of another type, and keep its bytes', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes, messages: [Refusal] });
    harness.endpoint('pricing', {
      handlers: [
        handler(GetQuote, (_, context) => context.reply(new Refusal({ reason: 'sold out' }))),
      ],
    });
    await harness.start();
    await expect(shop.request(getQuote)).rejects.toMatchObject({
      code: 'UNKNOWN_MESSAGE_TYPE',
      message: expect.stringContaining(
        'The reply to Pricing.GetQuote is of type "Pricing.Refusal", not Pricing.Quote.',
      ) as string,
    });
    await harness.advance('1h');
    expect(await harness.errorQueue()).toMatchObject([{ json: { reason: 'sold out' } }]);
  });

  test('should reject when the reply is of a type that the endpoint does not know', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes });
    harness.endpoint('pricing', {
      handlers: [handler(Ask, (_, context) => context.reply(new Refusal({ reason: 'sold out' })))],
    });
    await harness.start();
    await expect(shop.request(new Ask({ sku: 'x' }))).rejects.toMatchObject({
      code: 'UNKNOWN_MESSAGE_TYPE',
      help: 'Declare the reply with the command, Command(name, { reply: Reply }), or list its type in `messages`.',
    });
  });

  test('should reject when the reply is not valid', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes });
    harness.endpoint('pricing', { handlers: [handler(GetQuote, () => {})] });
    await harness.start();
    const outcome = shop.request(getQuote, { messageId: 'm-1' }).catch((error: unknown) => error);
    await harness.settled();
    await harness.inject(harness.outgoing[0]!.headers['busbar-reply-to']!, {
      headers: { 'busbar-correlation-id': 'm-1', 'busbar-enclosed-types': 'Pricing.Quote' },
      body: '{"price":"seven"}',
    });
    expect(await outcome).toMatchObject({ code: 'MESSAGE_INVALID' });
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([{ failure: { code: 'MESSAGE_INVALID' } }]);
  });

  test('should reject for everybody who asked under one id', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes, messages: [Refusal] });
    harness.endpoint('pricing', {
      handlers: [
        handler(GetQuote, (_, context) => context.reply(new Refusal({ reason: 'sold out' }))),
      ],
    });
    await harness.start();
    const outcomes = [1, 2].map(() =>
      shop.request(getQuote, { messageId: 'm-1' }).catch((error: unknown) => error),
    );
    expect(await Promise.all(outcomes)).toMatchObject([
      { code: 'UNKNOWN_MESSAGE_TYPE' },
      { code: 'UNKNOWN_MESSAGE_TYPE' },
    ]);
    await harness.settled();
    expect(await harness.errorQueue()).toHaveLength(1);
    expect(shop.health().counts).toMatchObject({ movedToError: 1, discarded: 1 });
  });

  test('should time out when its handler fails for good', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes });
    harness.endpoint('pricing', {
      recoverability: noRetries,
      handlers: [
        handler(GetQuote, async (_, context) => {
          await context.reply(new Quote({ price: 7 }));
          throw new Error('no price');
        }),
      ],
    });
    await harness.start();
    const outcome = shop.request(getQuote).catch((error: unknown) => error);
    await harness.advance('30s');
    expect(await outcome).toMatchObject({ code: 'REQUEST_TIMEOUT' });
    expect(harness.replied(Quote)).toEqual([]);
    expect(await harness.errorQueue()).toHaveLength(1);
  });
});
