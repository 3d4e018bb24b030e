import { BusbarError, Command, Message, defineRoutes, handler } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class Quote extends Message('Pricing.Quote')<{ price: number }> {}
class GetQuote extends Command('Pricing.GetQuote', { reply: Quote })<{ sku: string }> {}

const routes = defineRoutes({ pricing: [GetQuote] });
const getQuote = new GetQuote({ sku: 'x' });

describe('when a request is given up', () => {
  test('should reject at its timeout, not before', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes });
    await harness.start();
    const asked = shop.request(getQuote, { timeout: '5s', messageId: 'm-1' });
    let ended = false;
    const outcome = asked.catch((error: unknown) => error).finally(() => (ended = true));
    await harness.advance(4_999);
    expect(ended).toBe(false);
    await harness.advance(1);
    expect(await outcome).toMatchObject({
      code: 'REQUEST_TIMEOUT',
      message: expect.stringContaining(
        'No reply to Pricing.GetQuote m-1 came within 5000 ms.',
      ) as string,
      details: { messageId: 'm-1', messageType: 'Pricing.GetQuote', timeoutMs: 5_000 },
    });
  });

  test.each([
    ['30 seconds by default', {}, 30_000],
    ['what the endpoint says', { requestTimeout: '2m' } as const, 120_000],
  ])('should wait for %s', async (_, options, ms) => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes, ...options });
    await harness.start();
    const outcome = shop.request(getQuote).catch((error: unknown) => error);
    await harness.advance(ms);
    expect(await outcome).toMatchObject({ details: { timeoutMs: ms } });
  });

  test('should reject when its signal fires, with the reason as the cause', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes });
    await harness.start();
    const controller = new AbortController();
    const outcome = shop
      .request(getQuote, { signal: controller.signal })
      .catch((error: unknown) => error);
    await harness.settled();
    const reason = new Error('the customer left');
    controller.abort(reason);
    expect(await outcome).toMatchObject({ code: 'REQUEST_ABORTED', cause: reason });
    expect(harness.sent(GetQuote)).toHaveLength(1);
  });

  test('should not be sent at all when its signal has fired before', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes });
    await harness.start();
    const asked = shop.request(getQuote, { signal: AbortSignal.abort() });
    await expect(asked).rejects.toMatchObject({ code: 'REQUEST_ABORTED' });
    expect(harness.sent(GetQuote)).toEqual([]);
  });

  test('should reject when the endpoint stops', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes });
    await harness.start();
    const outcome = shop.request(getQuote, { messageId: 'm-1' }).catch((error: unknown) => error);
    await harness.settled();
    await shop.stop();
    expect(await outcome).toMatchObject({
      code: 'REQUEST_ABORTED',
      message: expect.stringContaining(
        'The endpoint stopped before the reply to Pricing.GetQuote m-1 came.',
      ) as string,
    });
  });

  test('should not be sent when its signal fires while it is prepared', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes });
    await harness.start();
    const controller = new AbortController();
    const asked = shop.request(getQuote, { signal: controller.signal });
    controller.abort();
    await expect(asked).rejects.toMatchObject({ code: 'REQUEST_ABORTED' });
    expect(harness.sent(GetQuote)).toEqual([]);
  });

  test('should reject when the endpoint stops while it is prepared', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes });
    await harness.start();
    const outcomes = [1, 2, 3].map(() => shop.request(getQuote).catch((error: Error) => error));
    await shop.stop();
    for (const outcome of await Promise.all(outcomes)) expect(outcome).toBeInstanceOf(BusbarError);
    expect(harness.clock.pendingTimers).toBe(1);
  });

  test('should discard and count the reply that comes too late, without an error', async () => {
    await using harness = createHarness();
    const gate = Promise.withResolvers<void>();
    const shop = harness.endpoint('shop', { routes });
    harness.endpoint('pricing', {
      handlers: [
        handler(GetQuote, async (_, context) => {
          await gate.promise;
          await context.reply(new Quote({ price: 7 }));
        }),
      ],
    });
    await harness.start();
    const controller = new AbortController();
    const outcome = shop
      .request(getQuote, { signal: controller.signal })
      .catch((error: unknown) => error);
    await harness.until(() => harness.sent(GetQuote).length === 1);
    controller.abort();
    expect(await outcome).toMatchObject({ code: 'REQUEST_ABORTED' });
    gate.resolve();
    await harness.settled();
    expect(shop.health().counts).toMatchObject({ discarded: 1, failed: 0, movedToError: 0 });
    expect(harness.observed('discarded')).toMatchObject([
      { endpoint: 'shop', reason: 'nobody waits for it any more' },
    ]);
    expect(await harness.errorQueue()).toEqual([]);
  });

  test('should let the reply expire with the request', async () => {
    await using harness = createHarness();
    const gate = Promise.withResolvers<void>();
    const shop = harness.endpoint('shop', { routes, instance: 'pod-1' });
    harness.endpoint('pricing', {
      handlers: [
        handler(GetQuote, async (_, context) => {
          await gate.promise;
          await context.reply(new Quote({ price: 7 }));
        }),
      ],
    });
    await harness.start();
    const outcome = shop.request(getQuote, { timeout: '5s' }).catch((error: unknown) => error);
    await harness.advance('6s');
    expect(await outcome).toMatchObject({ code: 'REQUEST_TIMEOUT' });
    gate.resolve();
    await harness.settled();
    expect(harness.outgoing.at(-1)).toMatchObject({
      intent: 'reply',
      destination: 'shop.replies.pod-1',
      headers: { 'busbar-expires-at': '2026-01-01T00:00:05.000Z' },
    });
    expect(shop.health().counts).toMatchObject({ discarded: 1 });
    expect(harness.observed('discarded')).toMatchObject([{ reason: 'expired' }]);
  });

  test('should leave no timer behind, whichever way it ends', async () => {
    await using harness = createHarness();
    const shop = harness.endpoint('shop', { routes });
    harness.endpoint('pricing', {
      handlers: [handler(GetQuote, (_, context) => context.reply(new Quote({ price: 7 })))],
    });
    await harness.start();
    await shop.request(getQuote);
    await harness.settled();
    const timers = harness.clock.pendingTimers;
    await shop.request(getQuote);
    const controller = new AbortController();
    const aborted = shop.request(getQuote, { signal: controller.signal });
    controller.abort();
    await expect(aborted).rejects.toThrow();
    await harness.settled();
    expect(harness.clock.pendingTimers).toBe(timers);
  });
});
