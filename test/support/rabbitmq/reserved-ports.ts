import { once } from 'node:events';
import { type Server, connect, createServer } from 'node:net';

/** Ports that stay the same while their owner is down: nobody else who asks here gets them before they are released. */
export interface ReservedPorts {
  readonly ports: readonly number[];
  release(): void;
}

const host = '127.0.0.1';

// Below what Linux hands out to outgoing connections (32768 and up): one of these could otherwise sit on the port of a
// broker that is just being restarted.
const first = 10_000;
const blockSize = 8;
const blocks = 2_750;

/** The first port of a block of eight stays bound, which is what keeps the others. */
export async function reservePorts(count: number): Promise<ReservedPorts> {
  if (count >= blockSize)
    throw new Error(`At most ${blockSize - 1} ports can be reserved at once.`);
  const start = Math.floor(Math.random() * blocks);
  for (let index = 0; index < blocks; index += 1) {
    const base = first + ((start + index) % blocks) * blockSize;
    const keeper = await bind(base);
    if (keeper === undefined) continue;
    const ports = Array.from({ length: count }, (_, offset) => base + 1 + offset);
    if (await allFree(ports)) {
      keeper.unref();
      return { ports, release: () => void keeper.close() };
    }
    keeper.close();
  }
  throw new Error(`No ${count} free ports from ${first} to ${first + blocks * blockSize}.`);
}

async function bind(port: number): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}

async function allFree(ports: readonly number[]): Promise<boolean> {
  const bound = await Promise.all(ports.map((port) => bind(port)));
  await Promise.all(
    bound.map(async (server) => server && new Promise((resolve) => server.close(resolve))),
  );
  return bound.every((server) => server !== undefined);
}

/** Whether something listens there. */
export async function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, host);
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  const answer = await promise;
  socket.destroy();
  return answer;
}
