import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BusbarError,
  type AnyEndpoint,
  type Endpoint,
  type EndpointOptions,
  type HandlerContext,
  createEndpoint,
  handler,
} from '@busbar/core';
import { type RabbitMqTransportOptions, rabbitMqTransport } from '@busbar/rabbitmq';
import { type TestContext } from 'vitest';
import { within } from '../../../support/rabbitmq/bounded-wait.ts';
import { contractsOf, namesOf } from './contracts.ts';
import { KeptLog } from './kept-log.ts';
import { Ledger } from './ledger.ts';

/** Options of a {@link Bus}. */
export interface BusOptions {
  /** Of RabbitMQ. */
  readonly url?: string;
  /** Makes the transport of each endpoint, where it is another broker. */
  readonly other?: () => EndpointOptions['transport'];
  /** Of all endpoints. */
  readonly transport?: Omit<RabbitMqTransportOptions, 'url'>;
  readonly senderTransport?: Omit<RabbitMqTransportOptions, 'url'>;
  readonly worker?: Partial<EndpointOptions>;
  /** What else a send may be answered for now. */
  readonly repeatable?: readonly string[];
  /** Before the worker's handler publishes. `begun` is how often the message had been begun before. */
  readonly work?: (number: number, begun: number, context: HandlerContext) => unknown;
  /** Before the watcher's handler counts the event. */
  readonly watch?: (number: number) => unknown;
}

/** How a load is sent. */
export interface LoadOptions {
  /** Sends that are not confirmed, at most. */
  readonly window: number;
  /** How long each of them pauses before the next. @default not at all */
  readonly pauseMs?: number;
  /** When they are due. @default at once */
  readonly deliverAt?: (number: number) => Date;
}

/** Never the one of some other broker on this machine, which is where the transport looks when it is not told. */
export function managementOf({ managementUrl }: { managementUrl?: string }): string | false {
  return managementUrl ?? false;
}

/** What a send may be answered while the broker is away, and is then made again. */
const repeatable: readonly string[] = ['OUTCOME_UNKNOWN', 'TRANSPORT_UNAVAILABLE'];
const againAfterMs = 250;
const againForMs = 60_000;

/**
 * A sender, a worker that handles its commands and publishes an event for each, and a watcher that handles those; with a
 * ledger of all that.
 */
export class Bus implements AsyncDisposable {
  readonly run = randomUUID().slice(0, 8);
  readonly names = namesOf(this.run);
  readonly contracts = contractsOf(this.run);
  readonly ledger = new Ledger();
  readonly log = new KeptLog();
  readonly criticalErrors: Error[] = [];
  readonly #critical = Promise.withResolvers<void>();
  readonly #options: BusOptions;
  readonly #sender: Endpoint;
  readonly #endpoints: AnyEndpoint[] = [];
  #sent = 0;

  constructor(options: BusOptions, { onTestFailed }: Pick<TestContext, 'onTestFailed'>) {
    this.#options = options;
    this.#sender = this.#make(this.names.sender, {
      sendOnly: true,
      transport: this.transport(options.senderTransport),
    });
    // eslint-disable-next-line no-console -- the last resort when something was lost
    onTestFailed(() => console.log(`${this.run}, the endpoints' last words:\n${this.log.tail}`));
  }

  transport(more: Omit<RabbitMqTransportOptions, 'url'> = {}): EndpointOptions['transport'] {
    const { url, other, transport } = this.#options;
    if (other !== undefined) return other();
    return rabbitMqTransport({ ...(url !== undefined && { url }), ...transport, ...more });
  }

  /** The sender, a worker, and the watcher. */
  async start(): Promise<{ worker: AnyEndpoint; watcher: AnyEndpoint }> {
    const worker = this.worker();
    const watcher = this.watcher();
    await Promise.all([worker.start(), watcher.start()]);
    // Its destination has to be there.
    await this.#sender.start();
    return { worker, watcher };
  }

  /** One more instance. */
  worker(): AnyEndpoint {
    const { Work, WorkDone } = this.contracts;
    const handleWork = handler(Work, async ({ number }, context) => {
      const begun = this.ledger.commandBegun(number);
      await this.#options.work?.(number, begun, context);
      await context.publish(new WorkDone({ number }));
    });
    return this.#make(this.names.worker, { handlers: [handleWork], ...this.#options.worker });
  }

  /** One more instance. */
  watcher(): AnyEndpoint {
    const handleDone = handler(this.contracts.WorkDone, async ({ number }) => {
      await this.#options.watch?.(number);
      this.ledger.eventHandled(number);
    });
    return this.#make(this.names.watcher, { handlers: [handleDone] });
  }

  startSender(): Promise<void> {
    return this.#sender.start();
  }

  get sender(): Endpoint {
    return this.#sender;
  }

  /** Sends so many messages; resolves when all are confirmed. What fails is sent again with the same id. */
  async send(count: number, options: LoadOptions): Promise<void> {
    let left = count;
    await this.#sendWhile(() => (left -= 1) >= 0, options);
  }

  /** Sends one, once. */
  async sendOnce(): Promise<void> {
    const number = this.#sent;
    this.#sent += 1;
    await this.#sender.send(new this.contracts.Work({ number }), {
      destination: this.names.worker,
    });
    this.ledger.sent(number);
  }

  /** Sends until it is told to stop. */
  load(options: LoadOptions): { stop(): Promise<void> } {
    let on = true;
    const sending = this.#sendWhile(() => on, options);
    sending.catch(() => {});
    return {
      stop: () => {
        on = false;
        return sending;
      },
    };
  }

  /** Resolves with the first critical error. */
  async untilCritical(limitMs: number): Promise<void> {
    await within(limitMs, 'a critical error', this.#critical.promise);
  }

  /** All that was sent up to now, confirmed or not, was in the hands of somebody else, who lost what is lost of it. */
  forgive(): void {
    this.ledger.forgive(Array.from({ length: this.#sent }, (_, number) => number));
  }

  /** Stops all endpoints in order. */
  async stop(): Promise<void> {
    const stops = this.#endpoints.splice(0).map((endpoint) => endpoint.stop({ deadline: '10s' }));
    await within(30_000, 'the endpoints to stop', Promise.all(stops));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stops = this.#endpoints.splice(0).map((endpoint) => endpoint.stop({ deadline: 0 }));
    await within(30_000, 'the endpoints to stop', Promise.all(stops));
  }

  async #sendWhile(goesOn: () => boolean, options: LoadOptions): Promise<void> {
    const { window, pauseMs } = options;
    const sendInTurn = async (): Promise<void> => {
      while (goesOn()) {
        const number = this.#sent;
        this.#sent += 1;
        await this.#sendOne(number, options);
        if (pauseMs !== undefined) await sleep(pauseMs);
      }
    };
    await Promise.all(Array.from({ length: window }, sendInTurn));
  }

  async #sendOne(number: number, { deliverAt }: LoadOptions): Promise<void> {
    const end = performance.now() + againForMs;
    const message = new this.contracts.Work({ number });
    const at = deliverAt?.(number);
    const options = {
      destination: this.names.worker,
      messageId: `${this.run}-${number}`,
      ...(at !== undefined && { deliverAt: at }),
    };
    for (;;) {
      try {
        await this.#sender.send(message, options);
        this.ledger.sent(number);
        return;
      } catch (error) {
        const code = error instanceof BusbarError ? error.code : '';
        const expected = [...repeatable, ...(this.#options.repeatable ?? [])].includes(code);
        if (!expected || performance.now() > end) throw error;
        this.ledger.sendFailed(error);
        await sleep(againAfterMs);
      }
    }
  }

  #make(name: string, options: Omit<EndpointOptions, 'transport'> & Partial<EndpointOptions>) {
    const endpoint = createEndpoint(name, {
      transport: this.transport(),
      errorQueue: this.names.errors,
      logger: this.log,
      onCriticalError: (error) => {
        this.criticalErrors.push(error);
        this.#critical.resolve();
      },
      ...options,
    });
    this.#endpoints.push(endpoint);
    return endpoint;
  }
}
