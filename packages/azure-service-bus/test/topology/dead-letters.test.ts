import { ServiceBusClient } from '@azure/service-bus';
import { headerNames } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { until } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { openConnection } from '../support/open-connection.ts';

const limitMs = 5_000;
const toQueue = (queue: string, id: string) => ({
  message: { headers: { [headerNames.messageId]: id }, body: new Uint8Array([1]) },
  destination: { kind: 'queue', queue } as const,
});

describe('dead letters', () => {
  test('should be listed, looked at with their reason, and moved back', async (context) => {
    await using open = await openConnection(context);
    const { queues } = open.connection;
    await queues.provision([{ name: 'sales' }]);
    await open.connection.dispatch([toQueue('sales', 'one'), toQueue('sales', 'two')]);
    await using client = disposable(open.connectionString);
    const receiver = client.createReceiver('sales');
    const messages = await receiver.receiveMessages(2);
    for (const message of messages) {
      await receiver.deadLetterMessage(message, {
        deadLetterReason: 'Unwanted',
        deadLetterErrorDescription: 'Nobody wants it.',
      });
    }
    const from = 'sales/$DeadLetterQueue';
    expect(await queues.list()).toContainEqual({ name: from, ready: 2, delayed: 0, inFlight: 0 });
    const dead = await queues.peek(from, 10);
    expect(dead.map(({ headers }) => headers[headerNames.messageId])).toEqual(['one', 'two']);
    expect(dead[0]?.headers).toMatchObject({
      [headerNames.failureType]: 'Unwanted',
      [headerNames.failureMessage]: 'Nobody wants it.',
    });
    const nativeIds = dead.slice(0, 1).map(({ nativeId }) => nativeId);
    expect(await queues.move({ from, to: 'sales', nativeIds })).toBe(1);
    expect(await queues.peek('sales', 10)).toHaveLength(1);
    expect(await queues.peek(from, 10)).toHaveLength(1);
  });

  test('should be those that a subscription could not forward, too', async (context) => {
    await using open = await openConnection(context);
    const { queues, subscriptions } = open.connection;
    await queues.provision([{ name: 'sales' }, { name: 'mended' }]);
    await subscriptions.subscribe('sales', ['Shipped']);
    open.control.deleteEntity('sales');
    const event = {
      message: { headers: { [headerNames.messageId]: 'event' }, body: new Uint8Array([1]) },
      destination: { kind: 'topic', topics: ['Shipped'] } as const,
    };
    await open.connection.dispatch([event]);
    const from = 'topic.Shipped/Subscriptions/sales/$Transfer/$DeadLetterQueue';
    const transferred = (): boolean =>
      open.control.counts('topic.Shipped/Subscriptions/sales').transferDeadLetters === 1;
    await until(limitMs, 'the message to be given up', transferred);
    expect((await queues.list()).map(({ name }) => name)).toContain(from);
    const [lost] = await queues.peek(from, 10);
    expect(lost?.headers[headerNames.messageId]).toBe('event');
    const nativeIds = [lost?.nativeId ?? ''];
    expect(await queues.move({ from, to: 'mended', nativeIds })).toBe(1);
    expect(await queues.peek('mended', 1)).toHaveLength(1);
  });

  test('should be moved out of a queue with sessions as well', async (context) => {
    await using open = await openConnection(context);
    const { queues } = open.connection;
    await queues.provision([{ name: 'ordered', ordered: true }, { name: 'other' }]);
    await open.connection.dispatch([
      { ...toQueue('ordered', 'one'), partitionKey: 'a' },
      { ...toQueue('ordered', 'two'), partitionKey: 'b' },
      toQueue('ordered', 'three'),
    ]);
    const stored = await queues.peek('ordered', 10);
    expect(stored).toHaveLength(3);
    const nativeIds = stored.map(({ nativeId }) => nativeId).slice(0, 2);
    expect(await queues.move({ from: 'ordered', to: 'other', nativeIds })).toBe(2);
    expect(await queues.peek('ordered', 10)).toHaveLength(1);
    expect(await queues.peek('other', 10)).toHaveLength(2);
  });
});

function disposable(connectionString: string): ServiceBusClient & AsyncDisposable {
  const client = new ServiceBusClient(connectionString);
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}
