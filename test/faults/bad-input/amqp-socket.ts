import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { type Socket, connect } from 'node:net';
import { long, longlong, longstr, octet, short, shortstr } from './amqp-bytes.ts';

/** A message of which every byte was chosen by whoever made it. */
export interface RawMessage {
  readonly routingKey: string;
  /** The flags and values of a content header, as they stand behind the body's size. */
  readonly properties: Buffer;
  readonly body: Uint8Array;
}

/** What the broker said when it ended a channel or a connection. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

const frames = { method: 1, header: 2, body: 3 } as const;
const frameEnd = 0xce;
const frameOverhead = 8;

const methods = {
  connectionStart: [10, 10],
  connectionStartOk: [10, 11],
  connectionTune: [10, 30],
  connectionTuneOk: [10, 31],
  connectionOpen: [10, 40],
  connectionOpenOk: [10, 41],
  connectionClose: [10, 50],
  channelOpen: [20, 10],
  channelOpenOk: [20, 11],
  channelClose: [20, 40],
  basicPublish: [60, 40],
  basicAck: [60, 80],
  basicNack: [60, 120],
  confirmSelect: [85, 10],
  confirmSelectOk: [85, 11],
} as const satisfies Record<string, readonly [number, number]>;

type Method = keyof typeof methods;

/** What a frame brings that is not content. */
interface Incoming {
  readonly method: Method | undefined;
  readonly payload: Buffer;
}

/** A client of AMQP 0-9-1 that can publish with confirmations, and nothing else; but that in any bytes. */
export class AmqpSocket implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #incoming: Incoming[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #wake: (() => void) | undefined;
  #ended: Error | undefined;
  #frameMax = 4_096;
  #published = 0;
  /** What the broker has not confirmed, by its numbers and in their order. */
  readonly #open = new Set<number>();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new Refused('The socket was closed.')));
  }

  /** @param url `amqp://user:password@host:port/vhost` */
  static async open(url: string): Promise<AmqpSocket> {
    const { hostname, port, username, password, pathname } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port || 5_672), noDelay: true });
    await once(socket, 'connect');
    const client = new AmqpSocket(socket);
    const vhost = pathname === '' || pathname === '/' ? '/' : decodeURIComponent(pathname.slice(1));
    const user = `\0${decodeURIComponent(username)}\0${decodeURIComponent(password)}`;
    await client.#handshake(user, vhost);
    return client;
  }

  /** Publishes to queues by name, in order, and waits until the broker has taken all. */
  async publish(messages: readonly RawMessage[]): Promise<void> {
    for (const { routingKey, properties, body } of messages) {
      this.#send(1, 'basicPublish', short(0), shortstr(''), shortstr(routingKey), octet(0));
      const size = longlong(BigInt(body.length));
      this.#frame(frames.header, 1, Buffer.concat([short(60), short(0), size, properties]));
      const most = this.#frameMax - frameOverhead;
      for (let start = 0; start < body.length; start += most) {
        this.#frame(frames.body, 1, Buffer.from(body.subarray(start, start + most)));
      }
      this.#published += 1;
      this.#open.add(this.#published);
    }
    while (this.#open.size > 0) {
      const { method, payload } = await this.#next();
      if (method === 'basicNack') throw new Refused('The broker could not take a message.');
      if (method !== 'basicAck') throw new Error(`Not expected: ${method}`);
      const tag = Number(payload.readBigUInt64BE(4));
      const multiple = payload[12] === 1;
      // Single ones come in any order, also before one that stands for those before it.
      for (const each of multiple ? this.#open : [tag]) {
        if (each <= tag) this.#open.delete(each);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.destroyed) return;
    this.#socket.destroy();
    await once(this.#socket, 'close');
  }

  async #handshake(user: string, vhost: string): Promise<void> {
    this.#socket.write(Buffer.from('AMQP\0\0\x09\x01', 'latin1'));
    await this.#expect('connectionStart');
    const mechanism = [shortstr('PLAIN'), longstr(user), shortstr('en_US')];
    this.#send(0, 'connectionStartOk', longstr(''), ...mechanism);
    const tune = await this.#expect('connectionTune');
    // All that the broker offers, but no heartbeats.
    this.#frameMax = tune.readUInt32BE(6);
    this.#send(0, 'connectionTuneOk', tune.subarray(4, 10), short(0));
    this.#send(0, 'connectionOpen', shortstr(vhost), shortstr(''), octet(0));
    await this.#expect('connectionOpenOk');
    this.#send(1, 'channelOpen', shortstr(''));
    await this.#expect('channelOpenOk');
    this.#send(1, 'confirmSelect', octet(0));
    await this.#expect('confirmSelectOk');
  }

  #send(channel: number, method: Method, ...parameters: readonly Buffer[]): void {
    const [classId, methodId] = methods[method];
    const payload = Buffer.concat([short(classId), short(methodId), ...parameters]);
    this.#frame(frames.method, channel, payload);
  }

  #frame(type: number, channel: number, payload: Buffer): void {
    const start = Buffer.concat([octet(type), short(channel), long(payload.length)]);
    this.#socket.write(Buffer.concat([start, payload, octet(frameEnd)]));
  }

  async #expect(wanted: Method): Promise<Buffer> {
    const { method, payload } = await this.#next();
    if (method !== wanted) throw new Error(`Expected ${wanted}, not ${method}`);
    return payload;
  }

  async #next(): Promise<Incoming> {
    for (;;) {
      const next = this.#incoming.shift();
      if (next !== undefined) {
        if (next.method === 'connectionClose' || next.method === 'channelClose') {
          throw new Refused(next.payload.toString('utf8', 7, 7 + (next.payload[6] ?? 0)));
        }
        return next;
      }
      if (this.#ended !== undefined) throw this.#ended;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= frameOverhead) {
      const size = this.#rest.readUInt32BE(3);
      if (this.#rest.length < size + frameOverhead) break;
      const payload = this.#rest.subarray(7, 7 + size);
      if (this.#rest[0] === frames.method)
        this.#incoming.push({ method: methodOf(payload), payload });
      this.#rest = this.#rest.subarray(size + frameOverhead);
    }
    this.#wake?.();
  }

  #end(error: Error): void {
    this.#ended ??= error;
    this.#wake?.();
  }
}

function methodOf(payload: Buffer): Method | undefined {
  const classId = payload.readUInt16BE(0);
  const methodId = payload.readUInt16BE(2);
  return (Object.keys(methods) as Method[]).find((name) => {
    const [wantedClass, wantedMethod] = methods[name];
    return wantedClass === classId && wantedMethod === methodId;
  });
}
