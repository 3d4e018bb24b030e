import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { within } from '../../../../../test/support/rabbitmq/bounded-wait.ts';

/** Something that accepts connections and does not speak AMQP. */
export interface SilentServer extends AsyncDisposable {
  readonly port: number;
  /** Resolves once so many connections are open; 0 when the client has closed all of them. */
  open(count: number): Promise<void>;
}

/** @param talk What it does with a new connection instead of nothing. */
export async function silentServer(
  talk: (socket: Socket) => void = () => {},
): Promise<SilentServer> {
  const sockets = new Set<Socket>();
  const waiting = new Set<() => void>();
  const changed = (): void => {
    for (const check of waiting) check();
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      changed();
    });
    // Else its end is not seen.
    socket.resume();
    talk(socket);
    changed();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    open: async (count) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const check = (): void => {
        if (sockets.size === count) resolve();
      };
      waiting.add(check);
      check();
      await within(10_000, () => `${count} connections; there are ${sockets.size}`, promise);
      waiting.delete(check);
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
