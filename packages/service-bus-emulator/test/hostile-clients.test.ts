import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { ServiceBusClient } from '@azure/service-bus';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startServiceBusEmulator, type ServiceBusEmulator } from '../src/index.ts';
import { impatient } from './support/fixture.ts';

let emulator: ServiceBusEmulator;
const sockets: Socket[] = [];

beforeAll(async () => {
  emulator = await startServiceBusEmulator();
  emulator.control.createQueue('orders');
});

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

afterAll(async () => {
  await emulator.stop();
});

async function open(): Promise<Socket> {
  const socket = connect(emulator.port, emulator.host);
  sockets.push(socket);
  // It is the emulator that must survive; that it hangs up on us is fine.
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** That a well-behaved client is served proves that the emulator lives. */
async function serves(): Promise<void> {
  const client = new ServiceBusClient(emulator.connectionString, impatient);
  try {
    await client.createSender('orders').sendMessages({ body: 'alive' });
    const receiver = client.createReceiver('orders', { receiveMode: 'receiveAndDelete' });
    expect(await receiver.receiveMessages(1)).toMatchObject([{ body: 'alive' }]);
  } finally {
    await client.close();
  }
}

const saslHeader = Buffer.from('AMQP\x03\x01\x00\x00', 'latin1');
const amqpHeader = Buffer.from('AMQP\x00\x01\x00\x00', 'latin1');

/** A frame with the size that it should have and whatever inside. */
function frame(type: number, body: Uint8Array): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 2, type, 0, 0]);
  header.writeUInt32BE(8 + body.length);
  return Buffer.concat([header, body]);
}

/** open, with a container id: what comes after it is read as AMQP. */
const openFrame = frame(0, Buffer.from([0x00, 0x53, 0x10, 0xc0, 4, 1, 0xa1, 1, 0x78]));

describe('hostile clients', () => {
  test('should survive random bytes, on every layer of the protocol', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(
          Buffer.alloc(0),
          Buffer.from('A'),
          saslHeader,
          amqpHeader,
          Buffer.concat([amqpHeader, openFrame]),
          Buffer.from('GET / HTTP/1.1\r\n'),
          Buffer.from('PUT /orders HTTP/1.1\r\nAuthorization: x\r\nContent-Length: 50\r\n\r\n'),
        ),
        fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 4 }),
        fc.boolean(),
        async (start, bodies, framed) => {
          const socket = await open();
          const closed = once(socket, 'close');
          socket.resume();
          const rest = framed ? bodies.map((body) => frame(0, body)) : bodies;
          socket.end(Buffer.concat([start, ...rest]));
          await closed;
        },
      ),
      { numRuns: 300 },
    );
    await serves();
  });

  test('should survive frames that are nearly right', async () => {
    const performatives = [0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...performatives), fc.uint8Array({ maxLength: 60 })), {
          minLength: 1,
          maxLength: 6,
        }),
        async (frames) => {
          const socket = await open();
          const closed = once(socket, 'close');
          socket.resume();
          const bodies = frames.map(([code, fields]) =>
            // A list of nulls and small numbers, which gets further than noise does.
            frame(
              0,
              Buffer.from([
                0x00,
                0x53,
                code,
                0xc0,
                fields.length + 1,
                fields.length,
                ...fields.map((byte) => (byte % 3 === 0 ? 0x40 : byte % 3 === 1 ? 0x43 : 0x41)),
              ]),
            ),
          );
          socket.end(Buffer.concat([amqpHeader, openFrame, ...bodies]));
          await closed;
        },
      ),
      { numRuns: 300 },
    );
    await serves();
  });

  test('should hang up on a frame larger than it allows', async () => {
    const socket = await open();
    const closed = once(socket, 'close');
    socket.resume();
    socket.write(
      Buffer.concat([amqpHeader, openFrame, Buffer.from([0x7f, 0xff, 0xff, 0xff, 2, 0])]),
    );
    await closed;
    await serves();
  });

  test('should hang up on a frame that would fill the memory', async () => {
    const socket = await open();
    const closed = once(socket, 'close');
    socket.resume();
    const nulls = [0xf0, 0, 0, 0, 5, 0xff, 0xff, 0xff, 0xff, 0x40];
    const attach = Buffer.from([0x00, 0x53, 0x12, 0xc0, nulls.length + 1, 1, ...nulls]);
    socket.write(Buffer.concat([amqpHeader, openFrame, frame(0, attach)]));
    await closed;
    await serves();
  });

  test('should hang up on TLS and on what is no protocol at all', async () => {
    for (const bytes of [Buffer.from([0x16, 0x03, 0x01]), Buffer.from([0]), Buffer.from('hello')]) {
      const socket = await open();
      const closed = once(socket, 'close');
      socket.resume();
      socket.write(bytes);
      await closed;
    }
    await serves();
  });

  test('should serve others while some say half of what they want', async () => {
    for (const bytes of [
      '',
      'A',
      'AMQP',
      'G',
      'PUT /orders HTTP/1.1\r\nContent-Length: 99\r\n\r\n<',
    ]) {
      const socket = await open();
      if (bytes !== '') socket.write(bytes);
    }
    await serves();
  });

  test('should answer requests over HTTP that make no sense', async () => {
    const request = (path: string, init: RequestInit = {}) =>
      fetch(`http://${emulator.host}:${emulator.port}${path}`, {
        ...init,
        headers: { authorization: 'x' },
      });
    const statuses = await Promise.all([
      fetch(`http://${emulator.host}:${emulator.port}/orders`),
      request('/none'),
      request('/orders', { method: 'POST', body: 'x' }),
      request('/new', { method: 'PUT', body: 'no xml' }),
      request('/new', { method: 'PUT', body: '<entry><content><Other/></content></entry>' }),
      request('/new', { method: 'PUT', body: 'x'.repeat(2_000_000) }),
      request('/$Resources/Queues?$skip=-1'),
      request('/a/Subscriptions/b/Rules/c/d/e', { method: 'DELETE' }),
      request('/%E0%A4%A'),
    ]).then((responses) => responses.map(({ status }) => status));
    expect(statuses).toEqual([401, 404, 405, 400, 400, 413, 400, 404, 400]);
    await serves();
  });
});
