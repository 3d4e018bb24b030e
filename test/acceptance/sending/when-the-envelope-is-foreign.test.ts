import {
  BusbarError,
  Command,
  type Envelope,
  Event,
  defineRoutes,
  handler,
  headerNames,
} from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });

/** Puts headers and body into one document, as an older system would. */
const legacy: Envelope = {
  name: 'legacy',
  reads: ({ headers }) => headers['format'] === 'legacy/1',
  unwrap: ({ body }) => {
    try {
      const { id, type, data } = JSON.parse(new TextDecoder().decode(body)) as {
        id: string;
        type: string;
        data: string;
      };
      const headers = { [headerNames.messageId]: id, [headerNames.enclosedTypes]: type };
      return { headers, body: new TextEncoder().encode(data) };
    } catch (cause) {
      throw new BusbarError('UNDECODABLE', 'This is no legacy document.', { cause });
    }
  },
  wrap: ({ headers, body }) => {
    const document = {
      id: headers[headerNames.messageId],
      type: headers[headerNames.enclosedTypes],
      data: new TextDecoder().decode(body),
    };
    return {
      headers: { format: 'legacy/1' },
      body: new TextEncoder().encode(JSON.stringify(document)),
    };
  },
};

const fromLegacy = {
  headers: { format: 'legacy/1' },
  body: JSON.stringify({ id: 'L-1', type: 'Sales.PlaceOrder', data: '{"orderId":"A-1"}' }),
};

describe('when the envelope is foreign', () => {
  test('should read it beside the own one, chosen by message', async () => {
    await using harness = createHarness();
    const ids: string[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      envelopes: [legacy],
      handlers: [handler(PlaceOrder, (_, context) => void ids.push(context.messageId))],
    });
    await harness.start();
    await harness.inject('sales', fromLegacy);
    await sales.send(new PlaceOrder({ orderId: 'A-2' }), { messageId: 'B-2' });
    await harness.settled();
    expect(ids).toEqual(['L-1', 'B-2']);
    expect(harness.handled(PlaceOrder)).toMatchObject([{ orderId: 'A-1' }, { orderId: 'A-2' }]);
  });

  test('should write it where that is configured, and read it back', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      envelope: legacy,
      handlers: [
        handler(PlaceOrder, ({ orderId }, context) =>
          context.publish(new OrderPlaced({ orderId })),
        ),
        handler(OrderPlaced, () => {}),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(harness.outgoing.map(({ headers }) => headers)).toEqual([
      { format: 'legacy/1' },
      { format: 'legacy/1' },
    ]);
    expect(harness.handled(OrderPlaced)).toMatchObject([{ orderId: 'A-1' }]);
  });

  test('should keep the bytes, the id and the counts through retries, error queue and replay', async () => {
    await using harness = createHarness();
    const attempts: string[] = [];
    let broken = true;
    harness.endpoint('sales', {
      envelopes: [legacy],
      handlers: [
        handler(PlaceOrder, (_, { messageId, attempt }) => {
          attempts.push(`${messageId} ${attempt.delayed}.${attempt.immediate}`);
          if (broken) throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await harness.inject('sales', fromLegacy);
    await harness.settled();
    await harness.advance('1h');
    expect(attempts).toHaveLength(24);
    expect(attempts.filter((attempt) => attempt.endsWith('.0'))).toEqual([
      'L-1 0.0',
      'L-1 1.0',
      'L-1 2.0',
      'L-1 3.0',
    ]);
    const [failed] = await harness.errorQueue();
    expect(new TextDecoder().decode(failed?.body)).toBe(fromLegacy.body);
    expect(failed).toMatchObject({
      messageId: 'L-1',
      headers: { format: 'legacy/1' },
      failure: { attempts: 24 },
    });
    broken = false;
    await harness.replay();
    await harness.settled();
    expect(attempts.at(-1)).toBe('L-1 0.0');
  });

  test('should send one that is broken straight to the error queue', async () => {
    await using harness = createHarness();
    harness.endpoint('sales', { envelopes: [legacy], handlers: [handler(PlaceOrder, () => {})] });
    await harness.start();
    await harness.inject('sales', { headers: fromLegacy.headers, body: 'rubbish' });
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([
      { failure: { code: 'UNDECODABLE', attempts: 1 }, headers: { format: 'legacy/1' } },
    ]);
  });
});
