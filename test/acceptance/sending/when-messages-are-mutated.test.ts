import { Command, Event, type MessageMutator, defineRoutes, handler } from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';
import { object } from '../../support/schema.ts';

class PlaceOrder extends Command('Sales.PlaceOrder', object({ orderId: 'string' })) {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}

const routes = defineRoutes({ sales: [PlaceOrder] });
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (body: Uint8Array): string => new TextDecoder().decode(body);

/** Bodies that only the two ends can read. */
const reversed: MessageMutator = {
  outgoingBytes: (outgoing) => {
    outgoing.headers['reversed'] = 'yes';
    outgoing.body = outgoing.body.toReversed();
  },
  incomingBytes: (incoming) => {
    if (incoming.headers['reversed'] === 'yes') incoming.body = incoming.body.toReversed();
  },
};

describe('when messages are mutated', () => {
  test('should change bytes on their way out and back on their way in', async () => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      routes,
      mutators: [reversed],
      handlers: [handler(PlaceOrder, () => {})],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(decode(harness.outgoing[0]!.body)).toBe('}"1-A":"dIredro"{');
    expect(harness.handled(PlaceOrder)).toEqual([new PlaceOrder({ orderId: 'A-1' })]);
  });

  test('should change messages and headers, in the order of registration, asynchronously too', async () => {
    await using harness = createHarness();
    const append = (suffix: string): MessageMutator => ({
      outgoing: async (outgoing) => {
        const message = outgoing.message as PlaceOrder;
        outgoing.message = new PlaceOrder({ orderId: `${message.orderId} out${suffix}` });
        outgoing.headers[`out${suffix}`] = 'yes';
      },
      incoming: async (incoming) => {
        const message = incoming.message as PlaceOrder;
        incoming.message = new PlaceOrder({ orderId: `${message.orderId} in${suffix}` });
        incoming.headers[`in${suffix}`] = 'yes';
      },
    });
    const seen: unknown[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      mutators: [append('1'), append('2')],
      handlers: [
        handler(PlaceOrder, ({ orderId }, { headers }) => {
          seen.push(orderId, headers['out1'], headers['out2'], headers['in1'], headers['in2']);
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(seen).toEqual(['A-1 out1 out2 in1 in2', 'yes', 'yes', 'yes', 'yes']);
  });

  test('should validate what the mutators made of it', async () => {
    await using harness = createHarness();
    const broken = new PlaceOrder({ orderId: 7 as unknown as string });
    const sales = harness.endpoint('sales', {
      routes,
      mutators: [{ outgoing: (outgoing) => void (outgoing.message = broken) }],
    });
    await harness.start();
    const sending = sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await expect(sending).rejects.toMatchObject({ code: 'MESSAGE_INVALID' });
  });

  test('should mutate for one attempt only: retries and copies have what was received', async () => {
    await using harness = createHarness();
    const seen: string[] = [];
    const sales = harness.endpoint('sales', {
      routes,
      recoverability: { ...noRetries, immediate: 1 },
      mutators: [
        {
          incomingBytes: (incoming) => {
            const count = Number(incoming.headers['seen'] ?? '0') + 1;
            incoming.headers['seen'] = String(count);
            incoming.body = encode(decode(incoming.body).replace('A-1', `A-1 (${count})`));
          },
        },
      ],
      handlers: [
        handler(PlaceOrder, ({ orderId }) => {
          seen.push(orderId);
          throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await sales.send(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(seen).toEqual(['A-1 (1)', 'A-1 (1)']);
    const [failed] = await harness.errorQueue();
    expect(failed?.json).toEqual({ orderId: 'A-1' });
    expect(failed?.headers).not.toHaveProperty('seen');
  });

  test('should fail the attempt, or the send, when a mutator throws', async () => {
    await using harness = createHarness();
    const refuse = (): void => {
      throw new Error('not on Sundays');
    };
    const sales = harness.endpoint('sales', {
      recoverability: noRetries,
      mutators: [{ incoming: refuse }],
      handlers: [handler(PlaceOrder, () => {})],
    });
    const shop = harness.endpoint('shop', { routes, mutators: [{ outgoing: refuse }] });
    await harness.start();
    await expect(shop.publish(new OrderPlaced({ orderId: 'A-1' }))).rejects.toThrow(
      'not on Sundays',
    );
    await sales.sendLocal(new PlaceOrder({ orderId: 'A-1' }));
    await harness.settled();
    expect(await harness.errorQueue()).toMatchObject([{ failure: { message: 'not on Sundays' } }]);
  });
});
