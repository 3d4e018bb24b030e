import { azureServiceBusTransport } from '@busbar/azure-service-bus';
import { describe, expect, test } from 'vitest';
import { checkOptions } from '../../src/service-bus-options.ts';
import { makeAdministrationClient } from '../../src/connection/clients.ts';
import { Administration } from '../../src/topology/administration.ts';
import { openConnection, recordingHost } from '../support/open-connection.ts';

function administrationOf(connectionString: string) {
  const client = makeAdministrationClient(checkOptions({ connectionString }));
  if (client === undefined) throw new Error('there is no administration');
  return client;
}

describe('provisioning', () => {
  test('should make queues that give nothing up by themselves', async (context) => {
    await using open = await openConnection(context, { lockDurationMs: 30_000 });
    await open.connection.queues.provision([
      { name: 'sales' },
      { name: 'billing', ordered: true },
      { name: 'web.replies.1', expiresUnusedMs: 24 * 60 * 60 * 1_000 },
    ]);
    const administration = administrationOf(open.connectionString);
    const sales = await administration.getQueue('sales');
    expect(sales).toMatchObject({
      lockDuration: 'PT30S',
      requiresSession: false,
      deadLetteringOnMessageExpiration: false,
    });
    expect(sales.maxDeliveryCount).toBeGreaterThanOrEqual(2_000);
    expect((await administration.getQueue('billing')).requiresSession).toBe(true);
    expect((await administration.getQueue('web.replies.1')).autoDeleteOnIdle).toMatch(
      /^P1D|PT24H|PT86400S/,
    );
  });

  test('should print what it would do and the right it needs, and make nothing', async (context) => {
    await using open = await openConnection(context);
    const { connectionString } = open;
    const host = recordingHost();
    const transport = azureServiceBusTransport({ connectionString, provisioning: 'print' });
    const connection = await transport.connect(host);
    await connection.queues.provision([{ name: 'sales', ordered: true }]);
    await connection.subscriptions.subscribe('sales', ['Shipping.OrderShipped']);
    await connection.close();
    const text = host.lines.join('\n');
    expect(text).toContain('az servicebus queue create --name sales');
    expect(text).toContain('--enable-session true');
    expect(text).toContain('az servicebus topic create --name topic.Shipping.OrderShipped');
    expect(text).toContain(
      '--topic-name topic.Shipping.OrderShipped --name sales --forward-to sales',
    );
    expect(text).toContain('Manage');
    expect(open.control.entities()).toEqual([]);
  });

  test('should print rules, after all subscriptions, and names that can be typed', async (context) => {
    await using open = await openConnection(context);
    const host = recordingHost();
    const { connectionString } = open;
    const transport = azureServiceBusTransport({ connectionString, provisioning: 'print' });
    const connection = await transport.connect(host);
    await connection.queues.provision([{ name: 'web.replies.1', expiresUnusedMs: 1_000 }]);
    await connection.subscriptions.subscribe('sales', ['Base', 'Derived']);
    await connection.subscriptions.unsubscribe('sales', ['Old']);
    await connection.close();
    const text = host.lines.join('\n');
    expect(text).toContain('--auto-delete-on-idle PT300S');
    expect(text).toContain('--namespace-name <namespace>');
    const rule = `rule create --topic-name topic.Base --subscription-name sales --name busbar --filter-sql-expression "bb_up IS NULL OR (bb_up NOT LIKE '%`;
    expect(text.indexOf(rule)).toBeGreaterThan(text.lastIndexOf('subscription create'));
    expect(text).toContain(
      "rule delete --topic-name topic.Base --subscription-name sales --name '$Default'",
    );
    expect(text).toContain('subscription delete --topic-name topic.Old --name sales');
    expect(open.control.entities()).toEqual([]);
  });

  test.each([
    ['Endpoint=sb://shop.servicebus.windows.net/', 'shop'],
    ['Endpoint=sb://shop.servicebus.chinacloudapi.cn/', 'shop'],
    ['Endpoint=sb://10.0.0.4:5671/', '<namespace>'],
    ['Endpoint=sb://bus.shop.example/', '<namespace>'],
  ])('should name the namespace of %s: %s', (endpoint, name) => {
    const connectionString = `${endpoint};SharedAccessKeyName=any;SharedAccessKey=any`;
    const settings = checkOptions({ connectionString });
    const administration = new Administration(undefined, settings, recordingHost());
    expect(administration.command('queue list')).toContain(` --namespace-name ${name} `);
  });

  test('should use what exists as it is, and say what differs', async (context) => {
    await using open = await openConnection(context);
    open.control.createQueue('sales', { maxDeliveryCount: 10 });
    await open.connection.queues.provision([{ name: 'sales' }]);
    expect(open.host.lines.join('\n')).toContain('gives messages up after 10 deliveries');
  });

  test.for([
    [true, false, 'keeps no order'],
    [false, true, 'has sessions'],
  ] as const)(
    'should refuse a queue that cannot be received: %j',
    async ([ordered, requiresSession, what], context) => {
      await using open = await openConnection(context);
      open.control.createQueue('sales', { requiresSession });
      await expect(open.connection.queues.provision([{ name: 'sales', ordered }])).rejects.toThrow(
        what,
      );
    },
  );

  test('should tell a topic of the same name from a queue', async (context) => {
    await using open = await openConnection(context);
    open.control.createTopic('sales');
    await expect(open.connection.queues.provision([{ name: 'sales' }])).rejects.toThrow(
      'a topic has that name',
    );
  });

  test('should forward each topic to the queue, by a name that fits', async (context) => {
    await using open = await openConnection(context);
    const queue = `${'team.'.repeat(12)}sales`;
    await open.connection.queues.provision([{ name: queue }]);
    await open.connection.subscriptions.subscribe(queue, ['Shipping.OrderShipped', 'Odd+Name ü']);
    expect(await open.connection.subscriptions.list(queue)).toEqual(
      expect.arrayContaining(['Shipping.OrderShipped', 'Odd+Name ü']),
    );
    for (const entity of open.control.entities().filter((name) => name.includes('/'))) {
      expect(entity.split('/').at(-1)?.length).toBeLessThanOrEqual(50);
    }
  });

  test('should mend a subscription that leads elsewhere, and leave that of another queue', async (context) => {
    await using open = await openConnection(context);
    await open.connection.queues.provision([{ name: 'sales' }, { name: 'other' }]);
    open.control.createTopic('topic.Shipped');
    open.control.createSubscription('topic.Shipped', 'sales', { forwardTo: 'other' });
    await open.connection.subscriptions.subscribe('sales', ['Shipped']);
    expect(await open.connection.subscriptions.list('sales')).toEqual(['Shipped']);
    expect(open.host.lines.join('\n')).toContain('it forwards to "sales" now');
    open.control.createTopic('topic.Billed');
    open.control.createSubscription('topic.Billed', 'sales', {
      forwardTo: 'other',
      userMetadata: 'team/sales',
    });
    await expect(open.connection.subscriptions.subscribe('sales', ['Billed'])).rejects.toThrow(
      /"team\/sales"'s/,
    );
  });
});
