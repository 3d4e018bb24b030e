import { Command, Message, defineRoutes, handler } from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { expect, test } from 'vitest';

// #region types
class Quote extends Message('Pricing.Quote')<{ price: number }> {}
class GetQuote extends Command('Pricing.GetQuote', { reply: Quote })<{ sku: string }> {}
const routes = defineRoutes({ pricing: [GetQuote] });
// #endregion

// #region replier
const giveQuote = handler(GetQuote, async ({ sku }, context) => {
  await context.reply(new Quote({ price: sku.length * 10 }));
});
// #endregion

// #region by-handler
const takeQuote = handler(Quote, (quote, context) => {
  context.log.info({ price: quote.price, request: context.correlationId }, 'Quoted');
});
// #endregion

test('should wait for a reply, or handle it', async () => {
  await using harness = createHarness();
  const web = harness.endpoint('web', { routes, handlers: [takeQuote] });
  harness.endpoint('pricing', { handlers: [giveQuote] });
  await harness.start();

  // #region request
  const quote = await web.request(new GetQuote({ sku: 'TENT' }), { timeout: '5s' });
  const price: number = quote.price; // known, because GetQuote declares its reply
  // #endregion

  expect(price).toBe(40);
  await web.send(new GetQuote({ sku: 'BAG' }), { messageId: 'r-1' });
  await harness.settled();
  const [line] = harness.logger.entries.filter(({ message }) => message === 'Quoted');
  expect(line?.fields).toMatchObject({ price: 30, request: 'r-1' });
});
