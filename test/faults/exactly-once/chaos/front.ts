import { setTimeout as sleep } from 'node:timers/promises';
import { BusbarError, type Endpoint, type Logger, createEndpoint } from '@busbar/core';
import { pgPersistence } from '@busbar/postgres/pg';
import { rabbitMqTransport } from '@busbar/rabbitmq';
import pg from 'pg';
import { type Contracts, endpointsOf } from '../shop/contracts.ts';

/** Where the front finds what it needs. */
export interface FrontOptions {
  readonly run: string;
  readonly contracts: Contracts;
  readonly amqp: string;
  readonly postgres: string;
  readonly logger: Logger;
}

const againAfterMs = 150;
const againForMs = 180_000;

/** What a send may be answered while something is away, and is then made again with the same id. */
const repeatable: readonly string[] = ['OUTCOME_UNKNOWN', 'TRANSPORT_UNAVAILABLE'];

/** Takes orders: the even ones are sent as they come, the odd ones by a transactional session that accepts them. */
export class Front implements AsyncDisposable {
  repeated = 0;
  readonly #options: FrontOptions;
  readonly #pool: pg.Pool;
  readonly #endpoint: Endpoint<never, pg.PoolClient> & Endpoint;

  constructor(options: FrontOptions) {
    const { run, amqp, postgres, logger } = options;
    this.#options = options;
    this.#pool = new pg.Pool({ connectionString: postgres, max: 8 });
    this.#endpoint = createEndpoint(endpointsOf(run).front, {
      transport: rabbitMqTransport({ url: amqp, management: false }),
      persistence: pgPersistence(this.#pool),
      outbox: true,
      sendOnly: true,
      errorQueue: endpointsOf(run).errors,
      logger,
    });
  }

  start(): Promise<void> {
    return this.#endpoint.start();
  }

  /** Resolves when all are confirmed or committed. */
  async take(orders: readonly number[], window: number): Promise<void> {
    const left = [...orders].reverse();
    const takeInTurn = async (): Promise<void> => {
      for (let order = left.pop(); order !== undefined; order = left.pop()) {
        await (order % 2 === 0 ? this.#send(order) : this.#accept(order));
      }
    };
    await Promise.all(Array.from({ length: window }, takeInTurn));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endpoint.stop({ deadline: '10s' });
    await this.#pool.end();
  }

  #message(order: number): [InstanceType<Contracts['PlaceOrder']>, { destination: string }] {
    const { run, contracts } = this.#options;
    return [new contracts.PlaceOrder({ order }), { destination: endpointsOf(run).sales }];
  }

  async #send(order: number): Promise<void> {
    const [message, options] = this.#message(order);
    const messageId = `${this.#options.run}-${order}`;
    await this.#again(
      () => this.#endpoint.send(message, { ...options, messageId }),
      (error) => error instanceof BusbarError && repeatable.includes(error.code),
    );
  }

  /** Accepted once, whatever became of the answer: then a second attempt breaks the primary key. */
  async #accept(order: number): Promise<void> {
    const [message, options] = this.#message(order);
    let accepted = false;
    const accept = (): Promise<void> =>
      this.#endpoint.transaction(async (client, session) => {
        await session.send(message, options);
        await client.query('INSERT INTO accepted VALUES ($1)', [order]);
      });
    await this.#again(
      () =>
        accept().catch((error: unknown) => {
          accepted = (error as { code?: string }).code === '23505';
          if (!accepted) throw error;
        }),
      () => true,
    );
  }

  async #again(action: () => Promise<void>, expected: (error: unknown) => boolean): Promise<void> {
    const end = performance.now() + againForMs;
    for (;;) {
      try {
        await action();
        return;
      } catch (error) {
        if (!expected(error) || performance.now() > end) throw error;
        this.repeated += 1;
        await sleep(againAfterMs);
      }
    }
  }
}
