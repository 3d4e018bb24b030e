import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

const amqpFirstByte = 'A'.charCodeAt(0);
const verbs = /^[DGHOPT]/;
/** A client that connects and says nothing is let go after this time. */
const firstByteTime = 30_000;

export interface PortServerOptions {
  readonly maxConnections: number;
  readonly onAmqp: (socket: Socket) => void;
  readonly onHttp: (socket: Socket) => void;
}

/** One port for both protocols: the first byte of AMQP is an A, with which no verb of HTTP begins that is used here. */
export class PortServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(options: PortServerOptions) {
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
      });
      // Whoever reads from the socket hears of its end; an error without a listener would end the process.
      socket.on('error', () => {});
      tellProtocol(socket, options);
    });
    this.#server.maxConnections = options.maxConnections;
  }

  async listen(port: number, host: string): Promise<AddressInfo> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(port, host, resolve);
    await promise;
    this.#server.off('error', reject);
    return this.#server.address() as AddressInfo;
  }

  /** Takes no more clients, lets the ones there are say goodbye, and ends what is left. */
  async stop(sayGoodbye: () => Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => {
      resolve();
    });
    await sayGoodbye();
    for (const socket of this.#sockets) socket.destroy();
    await promise;
  }
}

function tellProtocol(socket: Socket, { onAmqp, onHttp }: PortServerOptions): void {
  const hurry = setTimeout(() => {
    socket.destroy();
  }, firstByteTime);
  hurry.unref();
  socket.once('close', () => {
    clearTimeout(hurry);
  });
  socket.once('data', (chunk) => {
    clearTimeout(hurry);
    socket.pause();
    const first = chunk[0] ?? 0;
    const take =
      first === amqpFirstByte
        ? onAmqp
        : verbs.test(String.fromCharCode(first))
          ? onHttp
          : undefined;
    // TLS, or noise: nothing that could be answered in a way that the client understands.
    if (take === undefined) {
      socket.destroy();
      return;
    }
    socket.unshift(chunk);
    take(socket);
    socket.resume();
  });
}
