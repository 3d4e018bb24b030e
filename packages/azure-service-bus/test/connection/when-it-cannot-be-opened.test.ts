import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { azureServiceBusTransport } from '@busbar/azure-service-bus';
import { BusbarError, createEndpoint, silentLogger } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { within } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import { openConnection, recordingHost } from '../support/open-connection.ts';

const limitMs = 10_000;

async function refusal(attempt: Promise<unknown>): Promise<BusbarError> {
  const error: unknown = await within(limitMs, 'the refusal', attempt).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof BusbarError) return error;
  throw new Error('it was not refused', { cause: error });
}

const emulatorAt = (port: number): string =>
  `Endpoint=sb://127.0.0.1:${port};SharedAccessKeyName=Root;SharedAccessKey=secret;UseDevelopmentEmulator=true`;

describe('a connection to Azure Service Bus', () => {
  test('should name the namespace where nothing listens', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    await new Promise((done) => server.close(done));
    const transport = azureServiceBusTransport({
      connectionString: emulatorAt(port),
      connectTimeoutMs: 800,
    });
    const error = await refusal(transport.connect(recordingHost()));
    expect(error.code).toBe('TRANSPORT_UNAVAILABLE');
    expect(error.message).toContain(`Azure Service Bus at 127.0.0.1:${port} cannot be reached`);
    expect(error.help).toContain('connectionString');
    expect(error.help).toContain(`(port ${port})`);
    expect(error.message).toMatch(/cannot be reached: .*[^.]\. Check the host/s);
    expect(error.message).not.toContain('secret');
  });

  test('should give up on a server that says nothing', async () => {
    const server = createServer((socket) => void socket.on('error', () => undefined));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const transport = azureServiceBusTransport({
      connectionString: emulatorAt(port),
      connectTimeoutMs: 500,
    });
    const error = await refusal(transport.connect(recordingHost()));
    expect(error.code).toBe('TRANSPORT_UNAVAILABLE');
    expect(error.message).toContain('cannot be reached');
    server.close();
  });

  test('should name a host that does not exist', async () => {
    const transport = azureServiceBusTransport({
      connectionString:
        'Endpoint=sb://shop.invalid;SharedAccessKeyName=Root;SharedAccessKey=secret',
      connectTimeoutMs: 1_500,
    });
    const error = await refusal(transport.connect(recordingHost()));
    expect(error.code).toBe('TRANSPORT_UNAVAILABLE');
    expect(error.message).toContain('shop.invalid');
    expect(error.help).toContain('(port 5671)');
    expect(error.help).toContain('emulator=true');
  });

  test('should say that the key is wrong, at once', async (context) => {
    await using open = await openConnection(context);
    const description = 'InvalidSignature: The token has an invalid signature.';
    const condition = 'amqp:unauthorized-access';
    open.control.failNext({
      operation: 'authorize',
      times: 9,
      status: 401,
      condition,
      description,
    });
    const { connectionString } = open;
    const transport = azureServiceBusTransport({ connectionString });
    const error = await refusal(transport.connect(recordingHost()));
    expect(error.code).toBe('TRANSPORT_UNAVAILABLE');
    expect(error.message).toContain('refused the key or credential: InvalidSignature');
    open.control.clearFaults();
  });
});

describe('an endpoint on Azure Service Bus', () => {
  test('should not start without its queue, and name it', async (context) => {
    await using open = await openConnection(context);
    const { connectionString } = open;
    const endpoint = createEndpoint('sales', {
      transport: azureServiceBusTransport({ connectionString }),
      provision: false,
      logger: silentLogger,
    });
    const error = await refusal(endpoint.start());
    expect(error.code).toBe('MISSING_QUEUE');
    expect(error.message).toContain('"sales"');
  });

  test('should say which right is missing to provision, and what to run instead', async (context) => {
    await using open = await openConnection(context);
    open.control.failNext({ operation: 'administer', times: 99, status: 401 });
    const error = await refusal(open.connection.queues.provision([{ name: 'sales' }]));
    expect(error.code).toBe('TRANSPORT_UNAVAILABLE');
    expect(error.message).toContain('refused provisioning the queue "sales"');
    expect(error.help).toContain('Manage');
    expect(error.help).toContain('az servicebus queue create --name sales');
    open.control.clearFaults();
  });

  test('should find out without the right to manage whether its queues exist', async (context) => {
    await using open = await openConnection(context);
    open.control.createQueue('there');
    open.control.failNext({ operation: 'administer', times: 99, status: 401 });
    expect(await open.connection.queues.missing(['there', 'gone'])).toEqual(['gone']);
    expect(await open.connection.subscriptions.list('there')).toBeUndefined();
    open.control.clearFaults();
  });

  test('should receive where it may not manage, and say which queue it may not receive', async (context) => {
    await using open = await openConnection(context);
    open.control.createQueue('there');
    const settings = { concurrency: 1, suspicionAfter: 5, ordered: false };
    const receiver = open.connection.createReceiver({ queue: 'gone', ...settings });
    const handlers = [
      async () => 'settle' as const,
      async () => ({ action: 'settle' as const }),
    ] as const;
    const missing = await refusal(receiver.start(...handlers));
    expect(missing.code).toBe('MISSING_QUEUE');
    const condition = 'amqp:unauthorized-access';
    open.control.failNext({ operation: 'authorize', times: 9, status: 401, condition });
    const other = open.connection.createReceiver({ queue: 'there', ...settings });
    const refused = await refusal(other.start(...handlers));
    expect(refused.code).toBe('TRANSPORT_UNAVAILABLE');
    expect(refused.message).toContain('receiving from the queue "there"');
    expect(refused.help).toContain('Listen');
    open.control.clearFaults();
  });
});
