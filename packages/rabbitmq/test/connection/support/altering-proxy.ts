import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';

/** connection.open-ok, the broker's last word in the opening. */
export const openOk = Buffer.from('01000000000005000a002900ce', 'hex');

export const heartbeat = Buffer.from('08000000000000ce', 'hex');

/** connection.close, with a reply code and a text. */
export function closeFrame(code: number, text: string): Buffer {
  const payload = Buffer.alloc(11 + text.length);
  payload.writeUInt16BE(10, 0);
  payload.writeUInt16BE(50, 2);
  payload.writeUInt16BE(code, 4);
  payload.writeUInt8(text.length, 6);
  payload.write(text, 7, 'latin1');
  const header = Buffer.from([1, 0, 0, 0, 0, 0, payload.length]);
  return Buffer.concat([header, payload, Buffer.from([0xce])]);
}

/** A way to the broker on which what it says can be altered. */
export interface AlteringProxy extends AsyncDisposable {
  readonly url: string;
  /** How often that happened. */
  readonly altered: number;
}

/** @param alter Gets what the broker says in one go; gives undefined for what it leaves as it is. */
export async function alteringProxy(
  url: string,
  alter: (chunk: Buffer, altered: number) => Buffer | undefined,
): Promise<AlteringProxy> {
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  let altered = 0;
  const server = createServer((client) => {
    const broker = connect(Number(port), hostname);
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    client.on('data', (chunk) => broker.write(chunk));
    broker.on('data', (chunk) => {
      const other = alter(chunk, altered);
      if (other !== undefined) altered += 1;
      client.write(other ?? chunk);
    });
    client.on('close', () => broker.destroy());
    broker.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String((server.address() as AddressInfo).port);
  return {
    url: through.href,
    get altered() {
      return altered;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
