import { Command, Event, handler, headerNames } from '@busbar/core';
import { type RawMessage, createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const place = { [headerNames.messageId]: 'm-1', [headerNames.enclosedTypes]: 'Sales.PlaceOrder' };
const body = '{"orderId":"A-1"}';

const unreadable: readonly [string, RawMessage, string][] = [
  ['a body that is not JSON', { headers: place, body: '{"orderId":' }, 'UNDECODABLE'],
  ['a body that is not UTF-8', { headers: place, body: Uint8Array.of(0xff, 0xfe) }, 'UNDECODABLE'],
  ['a body without an object', { headers: place, body: '[1]' }, 'MESSAGE_INVALID'],
  ['no body', { headers: place }, 'UNDECODABLE'],
  ['no headers', { body }, 'UNDECODABLE'],
  [
    'another content type',
    { headers: { ...place, [headerNames.contentType]: 'application/xml' }, body },
    'UNDECODABLE',
  ],
  [
    'a key that changes prototypes',
    { headers: place, body: '{"__proto__":{"admin":true}}' },
    'UNDECODABLE',
  ],
];

describe('when a message cannot be read', () => {
  test.each(unreadable)('should go straight to the error queue for %s', async (_, raw, code) => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { handlers: [handler(PlaceOrder, () => {})] });
    await harness.start();
    await harness.inject('sales', raw);
    await harness.settled();
    expect(harness.attempts).toEqual([]);
    expect(await harness.errorQueue()).toMatchObject([{ failure: { code, attempts: 1 } }]);
    expect(sales.health().counts).toMatchObject({ failed: 1, delayed: 0, movedToError: 1 });
  });

  test('should keep its bytes as they were', async () => {
    await using harness = createHarness();
    harness.endpoint('sales', { handlers: [handler(PlaceOrder, () => {})] });
    await harness.start();
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await harness.inject('sales', { headers: { 'x-foreign': 'yes' }, body: bytes });
    await harness.settled();
    const [failed] = await harness.errorQueue();
    expect(failed?.body).toEqual(bytes);
    expect(failed?.headers['x-foreign']).toBe('yes');
    expect(failed?.messageId).not.toBe('');
  });

  test('should go straight to the error queue where the transport itself cannot read it', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { handlers: [handler(PlaceOrder, () => {})] });
    await harness.start();
    harness.broker.injectPoison('sales');
    await harness.settled();
    expect(await harness.errorQueue()).toHaveLength(1);
    expect(sales.health()).toMatchObject({ status: 'healthy', counts: { movedToError: 1 } });
  });

  test('should not hold up the messages beside it', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', { handlers: [handler(PlaceOrder, () => {})] });
    await harness.start();
    for (let index = 0; index < 10; index += 1) {
      await harness.inject('sales', { headers: place, body: 'rubbish' });
      await sales.sendLocal(new PlaceOrder({ orderId: `A-${index}` }));
    }
    await harness.settled();
    expect(harness.handled(PlaceOrder)).toHaveLength(10);
    expect(await harness.errorQueue()).toHaveLength(10);
  });
});

describe.each([
  ['a type that the endpoint does not know', {}, 'UNKNOWN_MESSAGE_TYPE'],
  ['a type without a handler', { messages: [PlaceOrder] }, 'NO_HANDLER'],
])('when a message is of %s', (_, options, code) => {
  test('should wait for the deployment that knows it: delayed retries, no immediate ones', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      ...options,
      handlers: [handler(OrderPlaced, () => {})],
    });
    await harness.start();
    await harness.inject('sales', { headers: place, body });
    await harness.settled();
    expect(sales.health().counts).toMatchObject({ failed: 1, delayed: 1 });
    await harness.advance('1h');
    expect(sales.health().counts).toMatchObject({ failed: 4, delayed: 3, movedToError: 1 });
    expect(await harness.errorQueue()).toMatchObject([
      { json: { orderId: 'A-1' }, failure: { code } },
    ]);
  });

  test('should be handled by the newer version when it comes up in time', async () => {
    await using harness = createHarness();
    const older = harness.endpoint('sales', {
      ...options,
      handlers: [handler(OrderPlaced, () => {})],
    });
    await harness.start();
    await harness.inject('sales', { headers: place, body });
    await harness.settled();
    await older.stop();
    harness.endpoint('sales', { handlers: [handler(PlaceOrder, () => {})] });
    await harness.start();
    await harness.advance('10s');
    expect(harness.handled(PlaceOrder)).toEqual([new PlaceOrder({ orderId: 'A-1' })]);
    expect(await harness.errorQueue()).toEqual([]);
  });
});
