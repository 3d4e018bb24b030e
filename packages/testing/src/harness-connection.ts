import {
  type Clock,
  type Headers,
  type Transport,
  type TransportConnection,
  silentLogger,
} from '@busbar/core';

/** The harness's own way to the queues, opened when it is first used. */
export class HarnessConnection {
  readonly #transport: Transport;
  readonly #clock: Clock;
  #connection: Promise<TransportConnection> | undefined;

  constructor(transport: Transport, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
  }

  open(): Promise<TransportConnection> {
    this.#connection ??= this.#transport.connect({
      endpoint: 'harness',
      instance: 'harness',
      clock: this.#clock,
      logger: silentLogger,
      onCritical: () => {},
    });
    return this.#connection;
  }

  /** @throws Error when the queue does not take it. */
  async put(queue: string, headers: Headers, body: Uint8Array): Promise<void> {
    const connection = await this.open();
    const [result] = await connection.dispatch([
      { message: { headers, body }, destination: { kind: 'queue', queue } },
    ]);
    if (result?.outcome === 'confirmed') return;
    throw new Error(`Queue "${queue}" did not take the message: ${result?.reason ?? 'no result'}`);
  }

  async close(): Promise<void> {
    await (await this.#connection)?.close();
    this.#connection = undefined;
  }
}
