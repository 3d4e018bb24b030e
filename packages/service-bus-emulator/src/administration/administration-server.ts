import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { keyNameIn } from '../server/key-name.ts';
import { BrokerFault } from '../broker/broker-fault.ts';
import { ConnectionDropped } from '../control/fault-plan.ts';
import type { TenantOf } from '../server/tenant.ts';
import { writeError } from './atom.ts';
import type { AdministrationResponse } from './administration-request.ts';
import { route } from './routes.ts';

const largestBody = 1024 * 1024;

export interface AdministrationServerOptions {
  readonly tenantOf: TenantOf;
}

/** The HTTP side of the port: what an administration client speaks. It never listens; sockets are given to it. */
export class AdministrationServer {
  readonly #options: AdministrationServerOptions;
  readonly #server: Server;

  constructor(options: AdministrationServerOptions) {
    this.#options = options;
    this.#server = createServer(
      { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000 },
      (request, response) => {
        void this.#answer(request, response);
      },
    );
    this.#server.on('clientError', (_error, socket) => {
      socket.destroy();
    });
  }

  accept(socket: Socket): void {
    this.#server.emit('connection', socket);
  }

  stop(): void {
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let answer: AdministrationResponse;
    try {
      answer = this.#perform(request, await readBody(request));
    } catch (error) {
      if (error instanceof ConnectionDropped) {
        request.socket.destroy();
        return;
      }
      const fault =
        error instanceof BrokerFault
          ? error
          : new BrokerFault('amqp:internal-error', 500, String(error));
      answer = { status: fault.status, body: writeError(fault.status, fault.message) };
    }
    if (response.destroyed) return;
    response.writeHead(answer.status, { 'content-type': 'application/atom+xml;charset=utf-8' });
    response.end(answer.body);
  }

  #perform(request: IncomingMessage, body: string): AdministrationResponse {
    const { authorization, host = 'localhost' } = request.headers;
    if (authorization === undefined) {
      throw new BrokerFault('amqp:unauthorized-access', 401, 'The request has no Authorization.');
    }
    const { path, query } = addressOf(request);
    const { namespace, faults, changes } = this.#options.tenantOf(keyNameIn(authorization));
    const response = faults.perform('administer', path, () =>
      route({
        method: request.method ?? 'GET',
        namespace,
        host,
        path,
        query,
        isUpdate: request.headers['if-match'] === '*',
        body,
      }),
    );
    changes.tell();
    return response;
  }
}

function addressOf({ url = '/' }: IncomingMessage): { path: string; query: URLSearchParams } {
  try {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    return { path: decodeURIComponent(pathname).replace(/^\/+/, ''), query: searchParams };
  } catch {
    throw new BrokerFault('com.microsoft:argument-error', 400, `'${url}' is no path.`);
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > largestBody) {
      throw new BrokerFault('amqp:frame-size-too-small', 413, 'The body has more than a megabyte.');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
