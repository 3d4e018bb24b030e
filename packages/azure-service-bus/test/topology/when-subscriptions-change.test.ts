import { ServiceBusClient } from '@azure/service-bus';
import { headerNames } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { toServiceBusMessage } from '../../src/message/to-message.ts';
import { aboveOf } from '../../src/topology/copy-rules.ts';
import { topicEntity } from '../../src/topology/names.ts';
import { PastTheTransport } from '../support/past-the-transport.ts';
import { type OpenConnection, openConnection } from '../support/open-connection.ts';

function event(id: string) {
  return {
    message: { headers: { [headerNames.messageId]: id }, body: new Uint8Array([1]) },
    destination: { kind: 'topic', topics: [] as string[] } as const,
  };
}

function disposable(connectionString: string): ServiceBusClient & AsyncDisposable {
  const client = new ServiceBusClient(connectionString);
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() });
}

/** Publishes an event, whose topics are from the most derived to the base. */
async function publish({ connection }: OpenConnection, id: string, topics: readonly string[]) {
  const [result] = await connection.dispatch([
    { ...event(id), destination: { kind: 'topic', topics } },
  ]);
  expect(result).toEqual({ outcome: 'confirmed' });
}

const idsIn = ({ control }: OpenConnection, queue: string) =>
  control.messages(queue).map(({ messageId }) => messageId);

describe('when subscriptions change', () => {
  test('should still take what an ended subscription took before', async (context) => {
    await using open = await openConnection(context);
    const { queues, subscriptions } = open.connection;
    await queues.provision([{ name: 'sales' }]);
    await subscriptions.subscribe('sales', ['Derived']);
    await subscriptions.subscribe('sales', ['Base']);
    await publish(open, 'before', ['Derived', 'Base']);
    expect(idsIn(open, 'sales')).toEqual(['before']);
    await subscriptions.unsubscribe('sales', ['Derived']);
    await publish(open, 'after', ['Derived', 'Base']);
    expect(idsIn(open, 'sales')).toEqual(['before', 'after']);
    expect(await subscriptions.list('sales')).toEqual(['Base']);
  });

  test('should leave nothing to a subscription that an operator deleted', async (context) => {
    await using open = await openConnection(context);
    const { queues, subscriptions } = open.connection;
    await queues.provision([{ name: 'sales' }]);
    await subscriptions.subscribe('sales', ['Derived']);
    await subscriptions.subscribe('sales', ['Base']);
    open.control.deleteEntity('topic.Derived/Subscriptions/sales');
    await subscriptions.subscribe('sales', ['Base']);
    await publish(open, 'event', ['Derived', 'Base']);
    expect(idsIn(open, 'sales')).toEqual(['event']);
  });

  test('should not narrow a rule for a subscription that could not be made', async (context) => {
    await using open = await openConnection(context, { retries: 0 });
    const { queues, subscriptions } = open.connection;
    await queues.provision([{ name: 'sales' }]);
    open.control.failNext({
      operation: 'administer',
      entity: 'topic.Derived/subscriptions/sales',
      status: 500,
      times: 5,
    });
    await expect(subscriptions.subscribe('sales', ['Base', 'Derived'])).rejects.toThrow();
    await publish(open, 'event', ['Derived', 'Base']);
    expect(idsIn(open, 'sales')).toEqual(['event']);
  });

  test('should do again what another change of the same entity was in the way of', async (context) => {
    await using open = await openConnection(context);
    const { queues, subscriptions } = open.connection;
    await queues.provision([{ name: 'sales' }]);
    // The look before is the first request, the creation the second.
    const conflict = {
      operation: 'administer',
      status: 409,
      description: 'SubCode=40901. Another conflicting operation is in progress.',
    } as const;
    open.control.failNext({ ...conflict, entity: 'topic.Shipped/subscriptions/sales', times: 2 });
    open.control.failNext({ ...conflict, entity: 'topic.Shipped', times: 1 });
    await subscriptions.subscribe('sales', ['Shipped']);
    await publish(open, 'event', ['Shipped']);
    expect(idsIn(open, 'sales')).toEqual(['event']);
  });

  test('should fail where the change stays in the way', async (context) => {
    await using open = await openConnection(context, { retries: 1 });
    const { queues, subscriptions } = open.connection;
    await queues.provision([{ name: 'sales' }]);
    open.control.failNext({
      operation: 'administer',
      entity: 'topic.Shipped/subscriptions/sales',
      status: 409,
      description: 'SubCode=40901. Another conflicting operation is in progress.',
      times: 100,
    });
    await expect(subscriptions.subscribe('sales', ['Shipped'])).rejects.toThrow('40901');
  });

  test('should take the rule away that a subscription is born with', async (context) => {
    await using open = await openConnection(context);
    const { queues, subscriptions } = open.connection;
    await queues.provision([{ name: 'sales' }]);
    await subscriptions.subscribe('sales', ['Derived']);
    open.control.createTopic('topic.Base');
    open.control.createSubscription('topic.Base', 'sales', { forwardTo: 'sales' });
    await subscriptions.subscribe('sales', ['Base']);
    await publish(open, 'event', ['Derived', 'Base']);
    expect(idsIn(open, 'sales')).toEqual(['event']);
  });
});

describe('when a copy of an event is on its way for long', () => {
  test('should take it where the other copy came before its subscription', async (context) => {
    await using open = await openConnection(context);
    const { queues, subscriptions } = open.connection;
    await queues.provision([{ name: 'sales' }]);
    await subscriptions.subscribe('sales', ['Base']);
    const sentAt = Date.now();
    await subscriptions.subscribe('sales', ['Derived']);
    await using client = disposable(open.connectionString);
    const sender = client.createSender(topicEntity('Base'));
    const above = aboveOf(['Derived']);
    // The copy for `Derived` found no topic; this one was tried again meanwhile.
    await sender.sendMessages(toServiceBusMessage(event('early'), sentAt, above));
    await sender.sendMessages(toServiceBusMessage(event('late'), Date.now() + 1, above));
    await open.control.until(() => open.control.messages('sales').length > 0);
    expect(idsIn(open, 'sales')).toEqual(['early']);
  });

  test('should keep the moment while nothing changes', async (context) => {
    await using open = await openConnection(context);
    const { queues, subscriptions } = open.connection;
    await queues.provision([{ name: 'sales' }]);
    await subscriptions.subscribe('sales', ['Base']);
    await subscriptions.subscribe('sales', ['Derived']);
    const { administration } = new PastTheTransport({
      options: { connectionString: open.connectionString },
      emulated: undefined,
    });
    const rule = () => administration.getRule(topicEntity('Base'), 'sales', 'busbar');
    const { filter } = await rule();
    expect(filter).toMatchObject({ sqlExpression: expect.stringContaining('bb_at < ') });
    await subscriptions.subscribe('sales', ['Derived', 'Base']);
    expect((await rule()).filter).toEqual(filter);
  });
});

describe('the names of events', () => {
  test('should never be those of queues', async (context) => {
    await using open = await openConnection(context);
    const { queues, subscriptions } = open.connection;
    await queues.provision([{ name: 'billing' }, { name: 'sales' }]);
    await publish(open, 'nobody takes it', ['Billing']);
    expect(idsIn(open, 'billing')).toEqual([]);
    await subscriptions.subscribe('sales', ['Billing']);
    await publish(open, 'event', ['Billing']);
    expect(idsIn(open, 'billing')).toEqual([]);
    expect(idsIn(open, 'sales')).toEqual(['event']);
  });

  test('should be refused where a foreign queue has the name of the topic', async (context) => {
    await using open = await openConnection(context);
    const { queues, subscriptions } = open.connection;
    await queues.provision([{ name: 'sales' }]);
    open.control.createQueue('topic.Shipped');
    await expect(subscriptions.subscribe('sales', ['Shipped'])).rejects.toThrow(
      'a queue has that name',
    );
  });

  test('should be refused where a queue is looked for and a topic found', async (context) => {
    await using open = await openConnection(context);
    open.control.createTopic('sales');
    await expect(open.connection.queues.missing(['sales'])).rejects.toThrow(
      'a topic has that name',
    );
  });
});
