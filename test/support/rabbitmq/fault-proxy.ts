/**
 * A TCP proxy in this process whose network can be made bad, and good again:
 *
 *     await using proxy = await FaultProxy.listen({ to: node.ports.amqp });
 *     const connection = await connect(proxy.via(node.url));
 *     proxy.latencyMs = 100;             // each way, from now on
 *     proxy.pause('down');               // kept until resume(): the broker hears us, we do not hear it
 *     proxy.blackHole();                 // nothing passes, not even the other side's end, until resume()
 *     proxy.reset();                     // every connection: ECONNRESET
 *     proxy.resetAfter(10, 'up');        // the next 10 bytes to the broker pass, then a reset: mid-frame
 *     proxy.drop();                      // every connection: an end without a reset
 *     proxy.refuse = true;               // new ones are accepted and reset
 *     await proxy.close();               // new ones: ECONNREFUSED
 *     await proxy.reopen();              // the same port again
 *     await proxy.connected(2);          // the second connection since the beginning: it came back
 *
 * While the broker behind it is down, a new connection is accepted and then reset; `close()` gives a true ECONNREFUSED.
 */
import { once } from 'node:events';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { within } from './bounded-wait.ts';
import { type Direction, FaultyPipe, type PipeFaults } from './faulty-pipe.ts';
import { type ReservedPorts, reservePorts } from './reserved-ports.ts';

export type { Direction } from './faulty-pipe.ts';

/** Options of {@link FaultProxy.listen}. */
export interface FaultProxyOptions {
  /** The port of the broker. */
  readonly to: number;
  /** @default '127.0.0.1' */
  readonly host?: string;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket | undefined;
  readonly pipes: readonly FaultyPipe[];
  /** One side ended while nothing passed, so the other does not know. */
  orphaned: boolean;
}

export class FaultProxy implements PipeFaults {
  /** What each byte takes longer, each way. */
  latencyMs = 0;
  /** On top, at random up to this much; the order is kept. */
  jitterMs = 0;
  /** Each way; 0 is without a limit. */
  bytesPerSecond = 0;
  /** New connections are accepted and then reset. */
  refuse = false;
  readonly port: number;
  readonly #reserved: ReservedPorts;
  readonly #target: { readonly host: string; readonly port: number };
  readonly #links = new Set<Link>();
  readonly #held = new Set<Direction>();
  readonly #arrivals: { readonly count: number; readonly resolve: () => void }[] = [];
  #accepted = 0;
  #blackHole = false;
  #cut: { readonly direction: Direction; readonly bytes: number } | undefined;
  #listener: Server | undefined;

  static async listen({ to, host = '127.0.0.1' }: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy({ host, port: to }, await reservePorts(1));
    await proxy.reopen();
    return proxy;
  }

  private constructor(target: { host: string; port: number }, reserved: ReservedPorts) {
    const [port = 0] = reserved.ports;
    this.#target = target;
    this.#reserved = reserved;
    this.port = port;
  }

  /** The same address, through this proxy. */
  via(url: string): string {
    const through = new URL(url);
    through.hostname = '127.0.0.1';
    through.port = String(this.port);
    return through.href;
  }

  /** How many are open. */
  get connections(): number {
    return this.#links.size;
  }

  /** How many there have been, those that were refused included. */
  get accepted(): number {
    return this.#accepted;
  }

  /** Resolves once there have been so many connections since the beginning. */
  async connected(count: number, limitMs = 30_000): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#arrivals.push({ count, resolve });
    this.#announce();
    await within(limitMs, () => `connection ${count}; ${this.#accepted} came`, promise);
  }

  /** Keeps what comes until `resume()`: `up` is to the broker, `down` from it. */
  pause(direction: Direction | 'both' = 'both'): void {
    for (const each of ['up', 'down'] as const) {
      if (direction === each || direction === 'both') this.#held.add(each);
    }
  }

  /** Nothing passes, and a new connection never hears a word; not even that the other side is gone is told. */
  blackHole(): void {
    this.#blackHole = true;
  }

  /** Ends `pause()` and `blackHole()`; what was kept goes on, and a connection that lost its other side is reset. */
  resume(): void {
    this.#held.clear();
    this.#blackHole = false;
    for (const link of this.#links) {
      if (link.orphaned || link.server === undefined) this.#reset(link);
      else for (const pipe of link.pipes) pipe.flush();
    }
  }

  /** Every connection is reset, on both sides. */
  reset(): void {
    for (const link of this.#links) this.#reset(link);
  }

  /** So many more bytes pass that way, over all connections; the one that carries the last is then reset on both sides. */
  resetAfter(bytes: number, direction: Direction): void {
    this.#cut = { direction, bytes };
  }

  /** Every connection ends, on both sides, as if the other had closed its socket. */
  drop(): void {
    for (const { client, server } of this.#links) {
      client.destroy();
      server?.destroy();
    }
  }

  /** Resets every connection and lets nobody in: ECONNREFUSED. */
  async close(): Promise<void> {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#listener = undefined;
    const closed = once(listener, 'close');
    listener.close();
    this.reset();
    await within(10_000, 'the proxy to close', closed);
  }

  /** After `close()`: the same port again. */
  async reopen(): Promise<void> {
    if (this.#listener !== undefined) return;
    const options = { noDelay: true, allowHalfOpen: true };
    const listener = createServer(options, (client) => this.#accept(client));
    listener.listen(this.port, '127.0.0.1');
    await once(listener, 'listening');
    this.#listener = listener;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    this.#reserved.release();
  }

  /** @internal */
  holds(direction: Direction): boolean {
    return this.#blackHole || this.#held.has(direction);
  }

  /** @internal */
  take(bytes: number, direction: Direction): { bytes: number; last: boolean } {
    const cut = this.#cut;
    if (cut?.direction !== direction) return { bytes, last: false };
    const taken = Math.min(bytes, cut.bytes);
    const left = cut.bytes - taken;
    this.#cut = left > 0 ? { direction, bytes: left } : undefined;
    return { bytes: taken, last: left <= 0 };
  }

  #accept(client: Socket): void {
    client.on('error', () => {});
    this.#accepted += 1;
    this.#announce();
    if (this.refuse) {
      client.resetAndDestroy();
      return;
    }
    const link = this.#blackHole ? this.#swallow(client) : this.#join(client);
    this.#links.add(link);
  }

  #swallow(client: Socket): Link {
    const link: Link = { client, server: undefined, pipes: [], orphaned: false };
    client.pause();
    client.on('close', () => this.#links.delete(link));
    return link;
  }

  #join(client: Socket): Link {
    const server = connect({ ...this.#target, noDelay: true, allowHalfOpen: true });
    server.on('error', () => {});
    const cut = (): void => this.#reset(link);
    const up = new FaultyPipe(client, server, 'up', this, cut);
    const down = new FaultyPipe(server, client, 'down', this, cut);
    const link: Link = { client, server, pipes: [up, down], orphaned: false };
    for (const side of [client, server]) {
      side.on('end', () => void (link.orphaned ||= this.#blackHole));
      side.on('close', (failed) => this.#ended(link, side === client ? server : client, failed));
    }
    return link;
  }

  #ended(link: Link, other: Socket, failed: boolean): void {
    if (this.#blackHole && !other.destroyed) {
      link.orphaned = true;
      return;
    }
    this.#links.delete(link);
    if (failed) other.resetAndDestroy();
    else other.destroySoon();
  }

  #reset(link: Link): void {
    this.#links.delete(link);
    link.client.resetAndDestroy();
    link.server?.resetAndDestroy();
  }

  #announce(): void {
    for (const { count, resolve } of this.#arrivals) if (this.#accepted >= count) resolve();
  }
}
