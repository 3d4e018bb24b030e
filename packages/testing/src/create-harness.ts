import {
  type AnyEndpoint,
  type AnyMessage,
  type AnyRoutes,
  type Clock,
  type Duration,
  type Endpoint,
  MemoryBroker,
  type MessageType,
  type Observation,
  type Queues,
  type Transport,
  createEndpoint,
  memoryTransport,
  toMilliseconds,
} from '@busbar/core';
import { CapturedLogger } from './captured-logger.ts';
import { type FailedMessage, failedMessage, withoutFailure } from './failed-message.ts';
import type { Harness, HarnessEndpointOptions, HarnessOptions, RawMessage } from './harness.ts';
import { HarnessConnection } from './harness-connection.ts';
import { instancesOf } from './instances-of.ts';
import { MessageSpy, type AttemptRecord, type OutgoingRecord } from './message-spy.ts';
import { pollUntil } from './real-time.ts';
import { Traffic } from './traffic.ts';
import { VirtualClock } from './virtual-clock.ts';

/**
 * A place for endpoints in a test: a broker of their own, a clock that stands still until it is told to move, a logger
 * that keeps what it gets, and a record of everything that is sent and handled.
 *
 * ```ts
 * await using harness = createHarness();
 * const sales = harness.endpoint('sales', { handlers: [placeOrder], routes });
 * await harness.start();
 * await sales.send(new PlaceOrder({ orderId: 'A-1' }));
 * await harness.settled();
 * expect(harness.published(OrderPlaced)).toMatchObject([{ orderId: 'A-1' }]);
 * ```
 */
export function createHarness(options?: HarnessOptions): Harness;
export function createHarness<C extends Clock>(
  options: HarnessOptions<C> & { readonly clock: C },
): Harness<C>;
export function createHarness(options: HarnessOptions<Clock> = {}): Harness<Clock> {
  return new EndpointHarness(options);
}

class EndpointHarness implements Harness<Clock> {
  readonly clock: Clock;
  readonly broker = new MemoryBroker();
  readonly transport: Transport;
  readonly logger = new CapturedLogger();
  readonly #limitMs: number;
  readonly #spy = new MessageSpy();
  readonly #endpoints: AnyEndpoint[] = [];
  readonly #connection: HarnessConnection;
  readonly #traffic: Traffic;

  constructor({ transport, clock = new VirtualClock(), limit = '4s' }: HarnessOptions<Clock>) {
    this.clock = clock;
    this.transport = transport ?? memoryTransport({ broker: this.broker });
    this.#limitMs = toMilliseconds(limit, 'limit');
    this.#connection = new HarnessConnection(this.transport, this.clock);
    this.#traffic = new Traffic({
      broker: transport === undefined ? this.broker : undefined,
      connection: this.#connection,
      endpoints: this.#endpoints,
      spy: this.#spy,
      clock: this.clock,
      limitMs: this.#limitMs,
    });
  }

  get outgoing(): readonly OutgoingRecord[] {
    return this.#spy.outgoing;
  }

  get attempts(): readonly AttemptRecord[] {
    return this.#spy.attempts;
  }

  endpoint<R extends AnyRoutes = AnyRoutes, Storage = unknown>(
    name: string,
    options: HarnessEndpointOptions<R, Storage> = {},
  ): Endpoint<R, Storage> {
    const endpoint = createEndpoint<R, Storage>(name, {
      transport: this.transport,
      clock: this.clock,
      logger: this.logger,
      ...options,
      // Days pass in a moment here, and looking each second would be most of the work.
      ...(options.outbox === true && { outbox: { relayEvery: '10m' } }),
      observers: [...(options.observers ?? []), this.#spy.observer(name)],
      behaviors: [...(options.behaviors ?? []), ...this.#spy.behaviors()],
    });
    this.#endpoints.push(endpoint);
    return endpoint;
  }

  async start(): Promise<void> {
    const waiting = this.#endpoints.filter((endpoint) => endpoint.state === 'new');
    await Promise.all(waiting.map((endpoint) => endpoint.start()));
  }

  async stop(): Promise<void> {
    await this.#traffic.stopAll();
    await this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  settled(): Promise<void> {
    return this.#traffic.settled();
  }

  async advance(by: Duration): Promise<void> {
    await this.#traffic.advance(toMilliseconds(by, 'by'));
  }

  async until(condition: () => boolean | Promise<boolean>, what = 'a condition'): Promise<void> {
    await pollUntil(condition, this.#limitMs, () => this.#traffic.explain(`waited for ${what}`));
  }

  sent<M extends AnyMessage>(type: MessageType<M>): readonly M[] {
    return this.#left('send', type);
  }

  published<M extends AnyMessage>(type: MessageType<M>): readonly M[] {
    return this.#left('publish', type);
  }

  replied<M extends AnyMessage>(type: MessageType<M>): readonly M[] {
    return this.#left('reply', type);
  }

  handled<M extends AnyMessage>(type: MessageType<M>): readonly M[] {
    const handled = this.#spy.attempts.filter((attempt) => attempt.error === undefined);
    return instancesOf(
      type,
      handled.map((attempt) => attempt.message),
    );
  }

  failures(type: MessageType): readonly Error[] {
    return this.#spy.attempts.flatMap(({ message, error }) =>
      error !== undefined && message instanceof type ? [error] : [],
    );
  }

  observed<K extends Observation['kind']>(
    kind: K,
  ): readonly Extract<Observation & { readonly endpoint: string }, { readonly kind: K }>[] {
    return this.#spy.observations.filter(
      (each): each is Extract<typeof each, { readonly kind: K }> => each.kind === kind,
    );
  }

  async errorQueue(queue = 'error'): Promise<readonly FailedMessage[]> {
    const stored = await (await this.queues()).peek(queue, Number.MAX_SAFE_INTEGER);
    return stored.map(failedMessage);
  }

  async replay(queue = 'error'): Promise<number> {
    const queues = await this.queues();
    let moved = 0;
    for (const { nativeId, failure } of await this.errorQueue(queue)) {
      if (failure.queue === undefined) continue;
      moved += await queues.move({
        from: queue,
        to: failure.queue,
        nativeIds: [nativeId],
        headers: withoutFailure,
      });
    }
    return moved;
  }

  async inject(queue: string, { headers = {}, body = '' }: RawMessage): Promise<void> {
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
    await this.#connection.put(queue, headers, bytes);
  }

  async queues(): Promise<Queues> {
    return (await this.#connection.open()).queues;
  }

  #left<M extends AnyMessage>(intent: string, type: MessageType<M>): readonly M[] {
    const left = this.#spy.outgoing.filter((record) => record.intent === intent);
    return instancesOf(
      type,
      left.map((record) => record.message),
    );
  }
}
