import { removeExpiredClaims } from '../claim-check/claim-housekeeping.ts';
import { claimCheckSettings } from '../claim-check/claim-check.ts';
import { BusbarError, asError } from '../errors.ts';
import { OutboxRelay } from '../outbox/outbox-relay.ts';
import type { Persistence } from '../persistence/persistence.ts';
import { currentAttempt } from '../pipeline/current-attempt.ts';
import { type Dispatch, createDispatch } from '../pipeline/dispatch-stage.ts';
import { type Outgoing, createOutgoing } from '../pipeline/outgoing.ts';
import { RateLimiter } from '../recoverability/rate-limiter.ts';
import { createRecovery } from '../recoverability/recovery.ts';
import type { OnError, OnMessage } from '../transport/delivery.ts';
import type {
  Receiver,
  ReceiverHealth,
  Transport,
  TransportConnection,
} from '../transport/transport.ts';
import { untilAborted } from '../time/until-aborted.ts';
import type { MessageCounts } from './endpoint-health.ts';
import type { EndpointServices, EndpointSettings } from './endpoint-services.ts';
import { createMessageProcessor } from './message-processor.ts';
import { composeObservers } from './observation.ts';
import { RequestClient } from './request-client.ts';
import { Sessions } from './sessions.ts';

/** Closing what is left after the deadline may take this long; then the process goes on without it. */
const closingGraceMs = 5_000;

/** An endpoint while it is connected: its pipelines, its receivers, and what it must close. */
export class ConnectedEndpoint {
  readonly services: EndpointServices;
  readonly outgoing: Outgoing;
  readonly dispatch: Dispatch;
  readonly requests: RequestClient;
  /** Undefined without an outbox. */
  readonly relay: OutboxRelay | undefined;
  readonly sessions: Sessions;
  readonly #onMessage: OnMessage;
  readonly #onError: OnError;
  readonly #limiter: RateLimiter | undefined;
  readonly #receivers: Receiver[] = [];
  readonly #housekeeping: { stop(): void };
  #concurrency: number;
  #sends = 0;
  #sendsDone: (() => void) | undefined;
  #critical: { readonly error: Error; readonly settledBefore: number } | undefined;

  constructor(services: EndpointServices) {
    this.services = services;
    this.#concurrency = services.concurrency;
    this.outgoing = createOutgoing(services);
    this.dispatch = createDispatch(services);
    this.#onError = createRecovery(services);
    this.#limiter = this.#createLimiter();
    this.relay =
      services.outbox === undefined
        ? undefined
        : new OutboxRelay(services, this.dispatch, services.outbox);
    this.sessions = new Sessions(this);
    this.#onMessage = createMessageProcessor(services, this.outgoing, this.#limiter, this.relay);
    this.requests = new RequestClient(services);
    this.#housekeeping = removeExpiredClaims(services.claimCheck, services.clock, services.logger);
  }

  get rateLimited(): boolean {
    return this.#limiter?.active ?? false;
  }

  /** What keeps the persistence, or the outbox in it, from its work. */
  get persistenceProblem(): string | undefined {
    return this.services.persistence.health?.().problem ?? this.relay?.problem;
  }

  /** What went critically wrong and has not been seen to work since. */
  get criticalProblem(): string | undefined {
    const critical = this.#critical;
    if (critical === undefined) return undefined;
    const { movedToError } = this.services.counts;
    const recovered = isErrorQueueProblem(critical.error)
      ? movedToError > critical.settledBefore
      : this.#settled() > critical.settledBefore;
    return recovered ? undefined : critical.error.message;
  }

  noteCritical(error: Error): void {
    const settledBefore = isErrorQueueProblem(error)
      ? this.services.counts.movedToError
      : this.#settled();
    this.#critical = { error, settledBefore };
  }

  /** Starts to receive. */
  async receive(): Promise<void> {
    const { sendOnly, inputQueue, instanceQueue, connection, recoverability, ordered } =
      this.services;
    // Likewise outside of the handler that may have started it.
    currentAttempt.exit(() => this.relay?.start());
    if (sendOnly) return;
    for (const queue of [inputQueue, instanceQueue]) {
      if (queue === undefined) continue;
      const receiver = connection.createReceiver({
        queue,
        concurrency: this.#concurrency,
        suspicionAfter: recoverability.crashGuard,
        ordered: ordered && queue === inputQueue,
      });
      this.#receivers.push(receiver);
      // Its deliveries run in the async context of this call, and an endpoint may be started by a handler of another.
      await currentAttempt.exit(() => receiver.start(this.#onMessage, this.#onError));
    }
  }

  changeConcurrency(concurrency: number): void {
    this.#concurrency = concurrency;
    if (!this.rateLimited)
      for (const receiver of this.#receivers) receiver.changeConcurrency(concurrency);
  }

  receiverHealth(): readonly ReceiverHealth[] {
    const replies = this.requests.receiver;
    const all = replies === undefined ? this.#receivers : [...this.#receivers, replies];
    return all.map((receiver) => receiver.health());
  }

  /** A send that a stop has to wait for, until {@link ConnectedEndpoint.sendEnded}. */
  sendBegins(): void {
    this.#sends += 1;
  }

  sendEnded(): void {
    this.#sends -= 1;
    if (this.#sends === 0) this.#sendsDone?.();
  }

  /** Ends everything in order; when `deadline` fires it goes on without what has not ended. */
  async close(deadline: AbortSignal): Promise<void> {
    const { logger, persistence, connection } = this.services;
    this.#housekeeping.stop();
    if (this.requests.opening !== undefined) await untilAborted(this.requests.opening, deadline);
    const replies = this.requests.receiver;
    this.#limiter?.close();
    await Promise.all(this.#receivers.map((receiver) => this.#stopReceiver(receiver, deadline)));
    await this.#waitForSends(deadline);
    this.requests.rejectAll();
    if (replies !== undefined) await this.#stopReceiver(replies, deadline);
    for (const [what, closing] of [
      ['outbox', async () => this.relay?.stop()],
      ['persistence', () => persistence.close()],
      ['transport', () => connection.close()],
    ] as const) {
      const ended = await this.#endsWithin(closingGraceMs, closing).catch((error: unknown) => {
        logger.warn({ err: error }, `Closing the ${what} failed`);
        return true;
      });
      if (!ended)
        logger.warn({}, `Closing the ${what} took longer than ${closingGraceMs} ms and was left`);
    }
  }

  async #stopReceiver(receiver: Receiver, deadline: AbortSignal): Promise<void> {
    try {
      await receiver.stop(deadline);
    } catch (error) {
      this.services.logger.warn(
        { queue: receiver.queue, err: error },
        'Stopping a receiver failed',
      );
    }
  }

  async #waitForSends(deadline: AbortSignal): Promise<void> {
    if (this.#sends === 0 || deadline.aborted) return;
    await new Promise<void>((resolve) => {
      this.#sendsDone = resolve;
      deadline.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  async #endsWithin(milliseconds: number, action: () => Promise<void>): Promise<boolean> {
    const { promise: late, resolve } = Promise.withResolvers<false>();
    const timer = this.services.clock.setTimer(() => resolve(false), milliseconds, true);
    try {
      return await Promise.race([action().then(() => true), late]);
    } finally {
      timer.cancel();
    }
  }

  #settled(): number {
    return this.#receivers.reduce((sum, receiver) => sum + receiver.health().settled, 0);
  }

  #createLimiter(): RateLimiter | undefined {
    const { recoverability, clock, logger, observe } = this.services;
    if (recoverability.rateLimit === undefined) return undefined;
    return new RateLimiter(recoverability.rateLimit, clock, (active) => {
      for (const receiver of this.#receivers)
        receiver.changeConcurrency(active ? 1 : this.#concurrency);
      if (active)
        logger.warn({}, 'Everything fails: messages are now tried one at a time, with pauses');
      else logger.info({}, 'A message succeeded: the rate limit is lifted');
      observe?.({ kind: 'rate-limited', active });
    });
  }
}

function isErrorQueueProblem(error: Error): boolean {
  return error instanceof BusbarError && error.code === 'ERROR_QUEUE_UNAVAILABLE';
}

/** What {@link connectEndpoint} needs beside the settings. */
export interface ConnectOptions {
  readonly transport: Transport;
  readonly persistence: Persistence;
  readonly provisions: boolean;
  readonly onCritical: (error: Error) => void;
}

/** Opens the connections; what was opened is closed again when a later one fails. */
export async function connectEndpoint(
  settings: EndpointSettings,
  { transport, persistence, provisions, onCritical }: ConnectOptions,
): Promise<ConnectedEndpoint> {
  const { endpoint, instance, clock, logger } = settings;
  const { capabilities, claimStore } = transport;
  const claimCheckConfig =
    settings.claimCheckConfig ?? (claimStore === undefined ? undefined : { store: claimStore });
  const connection = await transport.connect({ endpoint, instance, clock, logger, onCritical });
  try {
    const services: EndpointServices = {
      ...settings,
      capabilities,
      provisions,
      claimCheck:
        claimCheckConfig === undefined
          ? undefined
          : claimCheckSettings(claimCheckConfig, capabilities),
      connection,
      persistence: await persistence.connect({ endpoint, clock, logger, transport: connection }),
      counts: noCounts(),
      observe: composeObservers(settings.observers, logger),
    };
    return new ConnectedEndpoint(services);
  } catch (error) {
    await closeQuietly(connection, settings);
    throw asError(error);
  }
}

async function closeQuietly(
  connection: TransportConnection,
  { logger }: EndpointSettings,
): Promise<void> {
  try {
    await connection.close();
  } catch (error) {
    logger.warn({ err: error }, 'Closing the transport after a failed start failed');
  }
}

/** Counts at zero. */
export function noCounts(): MessageCounts {
  return {
    handled: 0,
    failed: 0,
    movedToError: 0,
    delayed: 0,
    discarded: 0,
    expired: 0,
    deduplicated: 0,
    conflicts: 0,
  };
}
