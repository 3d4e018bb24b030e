import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { type BusbarError, silentLogger, systemClock } from '@busbar/core';
import { type SqsTransportOptions, sqsTransport } from '@busbar/sqs';
import { expect, test } from 'vitest';
import {
  type Fault,
  FaultLayer,
  awsError,
  cutOff,
  expired,
} from '../../../../test/support/sqs/fault-layer.ts';
import { localIdentity } from '../../../../test/support/sqs/local-aws.ts';
import { localQueues } from '../support/local-queues.ts';
import { receive, toQueue } from '../support/open-connection.ts';

const local = localQueues();

async function errorOfConnect(options: SqsTransportOptions): Promise<BusbarError> {
  const transport = sqsTransport({ ...localIdentity, connectTimeoutMs: 400, ...options });
  const host = {
    endpoint: 'test',
    instance: 'test',
    clock: systemClock,
    logger: silentLogger,
    onCritical: () => {},
  };
  return transport.connect(host).then(
    async (connection) => {
      await connection.close();
      throw new Error('It connected.');
    },
    (error: BusbarError) => error,
  );
}

function failing(fault: Fault): SqsTransportOptions {
  const faults = new FaultLayer();
  faults.add(/./, fault);
  return { endpoint: local.aws.endpoint, configureClient: faults.install };
}

const refusal =
  (name: string, status: number): Fault =>
  async () => {
    throw awsError(name, 'on purpose', status);
  };

test('an address where nobody listens is named, with the setting', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const error = await errorOfConnect({ endpoint: `http://127.0.0.1:${port}` });
  expect(error.code).toBe('TRANSPORT_UNAVAILABLE');
  expect(error.message).toContain(`http://127.0.0.1:${port}`);
  expect(error.message).toContain('ECONNREFUSED');
  expect(error.details['setting']).toBe('endpoint');
});

test('a region that does not exist is named', async () => {
  const faults = new FaultLayer();
  faults.add(/./, cutOff);
  const error = await errorOfConnect({ region: 'eu-nowhere-1', configureClient: faults.install });
  expect(error.code).toBe('TRANSPORT_UNAVAILABLE');
  expect(error.message).toContain('eu-nowhere-1');
  expect(error.details['setting']).toBe('region');
});

test.each([
  ['expired ones', expired],
  ['unknown ones', refusal('InvalidClientTokenId', 403)],
  ['wrong ones', refusal('SignatureDoesNotMatch', 403)],
])('credentials that cannot be used are named: %s', async (_what, fault) => {
  const error = await errorOfConnect(failing(fault));
  expect(error.code).toBe('TRANSPORT_UNAVAILABLE');
  expect(error.details['setting']).toBe('credentials');
});

test('credentials that cannot be had are named', async () => {
  const error = await errorOfConnect({
    endpoint: local.aws.endpoint,
    credentials: () => Promise.reject(awsError('CredentialsProviderError', 'nobody knows')),
  });
  expect(error.message).toContain('nobody knows');
  expect(error.details['setting']).toBe('credentials');
});

test('a server that is not SQS is told from one', async () => {
  const server = createHttpServer((_request, response) => {
    response.writeHead(404).end('<html>nothing here</html>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const error = await errorOfConnect({ endpoint: `http://127.0.0.1:${port}` });
  expect(error.code).toBe('TRANSPORT_UNAVAILABLE');
  server.closeAllConnections();
  server.close();
});

test('missing rights are named with the action, wherever they are missing', async () => {
  await using opened = await local.open();
  const { connection, faults } = opened;
  const queue = local.name('rights');
  await connection.queues.provision([{ name: queue }]);
  const denied = refusal('AccessDeniedException', 403);
  faults.add(/SendMessageBatch/, denied);
  const [sent] = await connection.dispatch([toQueue(queue, 'one')]);
  expect(sent).toMatchObject({ outcome: 'undeliverable' });
  expect(JSON.stringify(sent)).toMatch(/sqs:SendMessage.*credentials/);
  faults.add(/CreateQueue/, denied);
  await expect(connection.queues.provision([{ name: local.name('new') }])).rejects.toThrow(
    /sqs:CreateQueue.*TRANSPORT_UNAVAILABLE/s,
  );
  faults.clear();
  faults.add(/GetQueueUrl/, denied);
  await expect(receive(connection, local.name('other'), () => {})).rejects.toThrow(
    /sqs:GetQueueUrl.*TRANSPORT_UNAVAILABLE/s,
  );
});

test('health tells of sends that fail, as long as they do', async () => {
  await using opened = await local.open();
  const { connection, faults } = opened;
  const queue = local.name('troubled');
  await connection.queues.provision([{ name: queue }]);
  faults.add(/SendMessageBatch/, expired, 2);
  const sending = connection.dispatch([toQueue(queue, 'one')]);
  await faults.seen('SendMessageBatch', 2);
  expect(connection.health().problem).toMatch(/ExpiredTokenException.*/);
  await sending;
  expect(connection.health()).toEqual({ connected: true });
});

test('a queue that goes away while it is received from is critical, and health says so', async () => {
  await using opened = await local.open();
  const { connection, criticals, faults } = opened;
  const queue = local.name('gone');
  await connection.queues.provision([{ name: queue }]);
  const receiver = await receive(connection, queue, () => {});
  await connection.queues.remove([queue]);
  await faults.seen('ReceiveMessage', 2);
  expect(criticals.map((error) => (error as BusbarError).code)).toEqual(['MISSING_QUEUE']);
  expect(receiver.health().paused).toContain(queue);
  await connection.queues.provision([{ name: queue }]);
  await connection.dispatch([toQueue(queue, 'again')]);
  await faults.seen('DeleteMessageBatch', 1);
  expect(receiver.health().paused).toBeUndefined();
});
