import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { within } from './bounded-wait.ts';
import { FaultProxy } from './fault-proxy.ts';

const limitMs = 10_000;

const serverSides: Socket[] = [];
const server = createServer({ allowHalfOpen: true }, (socket) => {
  serverSides.push(socket);
  socket.on('error', () => {});
  socket.on('data', (chunk) => socket.write(chunk));
  socket.on('end', () => socket.end());
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterAll(() => {
  server.close();
});

/** A client of the echo server behind the proxy, which collects what it hears. */
class Client {
  heard = '';
  /** `ended`, or the code of the error. */
  readonly outcome: Promise<string>;
  readonly #socket: Socket;
  #check = (): void => {};

  constructor(port: number) {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.outcome = promise;
    this.#socket = connect(port, '127.0.0.1').setEncoding('utf8');
    this.#socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'unknown'));
    this.#socket.on('end', () => resolve('ended'));
    this.#socket.on('data', (text: string) => {
      this.heard += text;
      this.#check();
    });
  }

  say(text: string): void {
    this.#socket.write(text);
  }

  async hears(text: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#check = (): void => void (this.heard.endsWith(text) && resolve());
    this.#check();
    await within(limitMs, () => `"${text}"; heard "${this.heard}"`, promise);
  }

  ends(): Promise<string> {
    return within(limitMs, 'the end of the connection', this.outcome);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

const proxy = (): Promise<FaultProxy> =>
  FaultProxy.listen({ to: (server.address() as AddressInfo).port });

async function connected(through: FaultProxy): Promise<Client> {
  const client = new Client(through.port);
  client.say('hello');
  await client.hears('hello');
  return client;
}

test('should pass on what comes, both ways', async () => {
  await using through = await proxy();
  using client = await connected(through);
  expect(client.heard).toBe('hello');
  expect(through.connections).toBe(1);
});

test('should keep the user, the password and the virtual host in an address', async () => {
  await using through = await proxy();
  expect(through.via('amqp://guest:secret@broker.example:5672/orders')).toBe(
    `amqp://guest:secret@127.0.0.1:${through.port}/orders`,
  );
});

test('should add its latency each way', async () => {
  await using through = await proxy();
  using client = await connected(through);
  through.latencyMs = 50;
  const start = performance.now();
  client.say('slowly');
  await client.hears('slowly');
  expect(performance.now() - start).toBeGreaterThan(95);
});

test('should keep the order when the latency differs', async () => {
  await using through = await proxy();
  using client = await connected(through);
  through.jitterMs = 20;
  const words = Array.from({ length: 50 }, (_, index) => `<${index}>`);
  for (const word of words) client.say(word);
  await client.hears('<49>');
  expect(client.heard).toBe(`hello${words.join('')}`);
});

test('should take its time when the rate is limited', async () => {
  await using through = await proxy();
  using client = await connected(through);
  through.bytesPerSecond = 100_000;
  const start = performance.now();
  client.say(`${'x'.repeat(10_000)}.`);
  await client.hears('.');
  expect(performance.now() - start).toBeGreaterThan(95);
});

test.each(['up', 'down', 'both'] as const)(
  'should keep what comes while paused %s',
  async (way) => {
    await using through = await proxy();
    using client = await connected(through);
    using other = await connected(through);
    through.pause(way);
    client.say('kept');
    const onServer = serverSides.at(-2);
    if (way === 'down' && onServer !== undefined) {
      await within(limitMs, 'the server to hear', once(onServer, 'data'));
    }
    expect(client.heard).toBe('hello');
    through.resume();
    await client.hears('kept');
    other.say('as well');
    await other.hears('as well');
  },
);

test('should hide the end of the other side in a black hole, and reset when it is over', async () => {
  await using through = await proxy();
  using client = await connected(through);
  through.blackHole();
  const onServer = serverSides.at(-1);
  const gone = once(onServer!, 'close');
  onServer?.destroy();
  await within(limitMs, 'the server to be gone', gone);
  using late = new Client(through.port);
  await through.connected(2);
  late.say('anybody?');
  expect(through.connections).toBe(2);
  through.resume();
  expect(await client.ends()).toBe('ECONNRESET');
  expect(await late.ends()).toBe('ECONNRESET');
  expect(late.heard).toBe('');
});

test('should reset the connections that it has', async () => {
  await using through = await proxy();
  using client = await connected(through);
  through.reset();
  expect(await client.ends()).toBe('ECONNRESET');
  using next = await connected(through);
  expect(next.heard).toBe('hello');
});

test.each(['up', 'down'] as const)(
  'should reset in the middle of a frame going %s',
  async (way) => {
    await using through = await proxy();
    using client = await connected(through);
    const onServer = serverSides.at(-1)!;
    const heard: Buffer[] = [];
    onServer.on('data', (chunk: Buffer) => heard.push(chunk));
    const failed = once(onServer, 'error');
    through.resetAfter(3, way);
    client.say('frame');
    expect(await client.ends()).toBe('ECONNRESET');
    expect(await within(limitMs, 'the reset at the server', failed)).toMatchObject([
      { code: 'ECONNRESET' },
    ]);
    expect(Buffer.concat(heard).toString()).toBe(way === 'up' ? 'fra' : 'frame');
    expect(client.heard).toBe(way === 'up' ? 'hello' : 'hellofra');
    using next = await connected(through);
    next.say('unharmed');
    await next.hears('unharmed');
  },
);

test('should count bytes over several chunks before it resets', async () => {
  await using through = await proxy();
  using client = await connected(through);
  through.resetAfter(4, 'down');
  client.say('one');
  await client.hears('one');
  client.say('two');
  expect(await client.ends()).toBe('ECONNRESET');
  expect(client.heard).toBe('helloonet');
});

test('should drop connections as a server does that closes its socket', async () => {
  await using through = await proxy();
  using client = await connected(through);
  through.drop();
  expect(await client.ends()).toBe('ended');
});

test('should accept and reset new connections while it refuses', async () => {
  await using through = await proxy();
  using old = await connected(through);
  through.refuse = true;
  using client = new Client(through.port);
  expect(await client.ends()).toBe('ECONNRESET');
  old.say('still here');
  await old.hears('still here');
});

test('should leave its port when closed and come back to the same one', async () => {
  await using through = await proxy();
  const { port } = through;
  using client = await connected(through);
  await through.close();
  expect(await client.ends()).toBe('ECONNRESET');
  using refused = new Client(port);
  expect(await refused.ends()).toBe('ECONNREFUSED');
  await through.reopen();
  expect(through.port).toBe(port);
  using next = await connected(through);
  expect(next.heard).toBe('hello');
});

test('should say which connection did not come', async () => {
  await using through = await proxy();
  await expect(through.connected(1, 20)).rejects.toThrow('Not within 20 ms: connection 1; 0 came');
});
