import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { s3Store, sqsTransport } from '@busbar/sqs';
import { afterEach, expect, test } from 'vitest';

const servers: Server[] = [];

/** Takes requests and answers with a part of a body, or with nothing. */
async function silentServer(part?: string): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    if (part === undefined) return;
    response.writeHead(200, { 'content-length': '1000' });
    response.write(part);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

const identity = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
};

test('a body that is not taken is an error in time, which names the bucket', async () => {
  const endpoint = await silentServer();
  const store = s3Store({ ...identity, endpoint, bucket: 'bodies', timeoutMs: 300 });
  await expect(store.put('claim-1', Uint8Array.of(1))).rejects.toThrow(
    /bucket bodies.*300 ms.*TRANSPORT_UNAVAILABLE/s,
  );
});

test('a body that stops in the middle is one, too', async () => {
  const endpoint = await silentServer('part');
  const store = s3Store({ ...identity, endpoint, bucket: 'bodies', timeoutMs: 300 });
  await expect(store.get('claim-1')).rejects.toThrow(
    /bucket bodies.*300 ms.*TRANSPORT_UNAVAILABLE/s,
  );
});

test('the store of the transport takes as long as a send', async () => {
  const endpoint = await silentServer();
  const options = { ...identity, endpoint, bucket: 'bodies', sendTimeoutMs: 200 };
  const { claimStore } = sqsTransport(options);
  await expect(claimStore?.put('claim-1', Uint8Array.of(1))).rejects.toThrow(/200 ms/);
});
