import {
  Command,
  DeliveryPump,
  HeldDelivery,
  type Receiver,
  type ReceiverSettings,
  type Transport,
  handler,
  headerNames,
} from '@busbar/core';
import { createHarness } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}

interface Found {
  readonly deliveryCount: number;
  readonly diedAlone: boolean;
}

/** A transport whose one queue holds a message as an earlier, dead process left it. */
function withMessageOf(base: Transport, found: Found, log: string[]): Transport {
  return {
    ...base,
    connect: async (host) => {
      const connection = await base.connect(host);
      const delivery = new HeldDelivery({
        ...found,
        nativeId: 'n-1',
        queue: 'sales',
        headers: {
          [headerNames.messageId]: 'm-1',
          [headerNames.enclosedTypes]: 'Sales.PlaceOrder',
        },
        body: new TextEncoder().encode('{"orderId":"A-1"}'),
      });
      const createReceiver = (settings: ReceiverSettings): Receiver => {
        let pushed = false;
        const pump: DeliveryPump = new DeliveryPump({
          ...settings,
          ...host,
          source: {
            settle: () => void log.push('settled'),
            release: () => void log.push('released'),
            markAlone: () => void log.push('marked as alone'),
            roomGrew: () => {
              if (pushed) return;
              pushed = true;
              queueMicrotask(() => pump.push(delivery));
            },
          },
        });
        return {
          queue: settings.queue,
          start: async (onMessage, onError) => pump.start(onMessage, onError),
          stop: (signal) => pump.stop(signal),
          changeConcurrency: (limit) => pump.changeConcurrency(limit),
          health: () => ({
            queue: settings.queue,
            receiving: true,
            inFlight: pump.inFlight,
            settled: pump.settled,
            msSinceProgress: pump.msSinceProgress,
          }),
        };
      };
      return {
        createReceiver,
        dispatch: (operations) => connection.dispatch(operations),
        subscriptions: connection.subscriptions,
        queues: connection.queues,
        health: () => connection.health(),
        close: () => connection.close(),
      };
    },
  };
}

async function receive(found: Found): Promise<{ log: string[]; codes: unknown[] }> {
  const log: string[] = [];
  await using harness = createHarness();
  const sales = harness.endpoint('sales', {
    transport: withMessageOf(harness.transport, found, log),
    handlers: [handler(PlaceOrder, () => void log.push('handled'))],
  });
  await harness.start();
  await harness.until(() => log.includes('settled'));
  expect(sales.health().receivers[0]?.settled).toBe(1);
  return { log, codes: (await harness.errorQueue()).map(({ failure }) => failure.code) };
}

describe('when a message crashes its process', () => {
  test('should be handled like any other while that was seldom', async () => {
    const { log, codes } = await receive({ deliveryCount: 5, diedAlone: false });
    expect(log).toEqual(['handled', 'settled']);
    expect(codes).toEqual([]);
  });

  test('should be handled alone, and noted so before, once it was started too often', async () => {
    const { log, codes } = await receive({ deliveryCount: 6, diedAlone: false });
    expect(log).toEqual(['marked as alone', 'handled', 'settled']);
    expect(codes).toEqual([]);
  });

  test('should go to the error queue unhandled when it was alone at the last crash', async () => {
    const { log, codes } = await receive({ deliveryCount: 7, diedAlone: true });
    expect(log).toEqual(['settled']);
    expect(codes).toEqual(['CRASH_LOOP']);
  });
});
