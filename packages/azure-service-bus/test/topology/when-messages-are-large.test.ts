import { azureServiceBusTransport } from '@busbar/azure-service-bus';
import { headerNames } from '@busbar/core';
import { startServiceBusEmulator } from '@busbar/service-bus-emulator';
import { expect, test } from 'vitest';
import { recordingHost } from '../support/open-connection.ts';

const maxMessageBytes = 8 * 1_024 * 1_024;

async function premium() {
  const emulator = await startServiceBusEmulator({ tier: 'premium' });
  const host = recordingHost();
  const { connectionString, control } = emulator;
  const transport = azureServiceBusTransport({ connectionString, maxMessageBytes });
  const connection = await transport.connect(host);
  return {
    control,
    host,
    transport,
    connection,
    [Symbol.asyncDispose]: async () => {
      await connection.close();
      await emulator.stop();
    },
  };
}

test('should make queues and topics that take what the capabilities promise', async () => {
  await using open = await premium();
  const { connection, transport } = open;
  await connection.queues.provision([{ name: 'sales' }]);
  await connection.subscriptions.subscribe('sales', ['Shipped']);
  const body = new Uint8Array(transport.capabilities.maxBodyBytes);
  const results = await connection.dispatch([
    {
      message: { headers: { [headerNames.messageId]: 'one' }, body },
      destination: { kind: 'queue', queue: 'sales' },
    },
    {
      message: { headers: { [headerNames.messageId]: 'two' }, body },
      destination: { kind: 'topic', topics: ['Shipped'] },
    },
  ]);
  expect(results).toEqual([{ outcome: 'confirmed' }, { outcome: 'confirmed' }]);
  expect(open.control.counts('sales').active).toBe(2);
  expect(open.host.lines).toEqual([]);
});

test('should say which queues and topics take less', async () => {
  await using open = await premium();
  open.control.createQueue('error');
  open.control.createTopic('topic.Shipped', { maxMessageSizeInKilobytes: 2_048 });
  await open.connection.queues.provision([{ name: 'error' }, { name: 'sales' }]);
  await open.connection.subscriptions.subscribe('sales', ['Shipped']);
  const text = open.host.lines.join('\n');
  expect(text).toContain('"error" is used as it is: it takes messages of 1048576 bytes');
  expect(text).toContain('"topic.Shipped" is used as it is: it takes messages of 2097152 bytes');
  expect(text).not.toContain('"sales"');
});
