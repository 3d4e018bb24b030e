import { randomUUID } from 'node:crypto';
import { BusbarError, asError } from '../errors.ts';
import type { PublishOptions, RequestOptions, SendOptions } from '../handling/send-options.ts';
import { type Intent, headerNames } from '../headers.ts';
import { definitionOf } from '../message/message-definition.ts';
import { missingPersistence } from '../persistence/missing-persistence.ts';
import { guardedCall } from '../observability/guarded-call.ts';
import { insideHandler, outsideHandlers, refuseInHandler } from '../pipeline/current-attempt.ts';
import { DispatchBatch } from '../pipeline/dispatch-stage.ts';
import { lastMoment } from '../pipeline/outgoing-options.ts';
import type { AnyRoutes } from '../routing/routes.ts';
import { toMilliseconds } from '../time/duration.ts';
import type { Transport } from '../transport/transport.ts';
import { untilAborted } from '../time/until-aborted.ts';
import { checkCapabilities } from './check-capabilities.ts';
import { type ConnectedEndpoint, connectEndpoint, noCounts } from './connected-endpoint.ts';
import type {
  Endpoint,
  EndpointState,
  ProvisionOptions,
  ProvisionReport,
  StopOptions,
} from './endpoint.ts';
import { type EndpointDiagnostics, describeEndpoint } from './endpoint-diagnostics.ts';
import { type EndpointHealth, judgeHealth } from './endpoint-health.ts';
import type { EndpointOptions } from './endpoint-options.ts';
import type { EndpointSettings } from './endpoint-services.ts';
import {
  checkProvisioned,
  findStaleSubscriptions,
  neededQueues,
  neededTopics,
  provision,
} from './provisioning.ts';
import {
  outsideContext,
  requestInHandler,
  sendOnlyError,
  sessionInHandler,
  stopInHandler,
  throwIfAborted,
} from './endpoint-errors.ts';
import { checkConcurrency, resolveOptions } from './resolve-options.ts';
import type { SessionSender } from './sessions.ts';

/**
 * An endpoint: the configuration is checked here, connections are made by `start()`.
 *
 * @param name The name of the endpoint, and of its queue.
 * @throws BusbarError INVALID_CONFIGURATION, UNKNOWN_OPTION, INVALID_HANDLER and others that name the setting.
 */
export function createEndpoint<R extends AnyRoutes = AnyRoutes, Storage = unknown>(
  name: string,
  options: EndpointOptions<R, Storage>,
): Endpoint<R, Storage> {
  // What `storage` is in it is a matter of the persistence, which only the caller's types know.
  return new BusbarEndpoint(resolveOptions(name, options), options) as Endpoint as Endpoint<
    R,
    Storage
  >;
}

const noOptions = Object.freeze({});

class BusbarEndpoint implements Endpoint {
  readonly #settings: EndpointSettings;
  readonly #options: EndpointOptions;
  #state: EndpointState = 'new';
  #transport: Transport | undefined;
  #connected: ConnectedEndpoint | undefined;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #staleSubscriptions: readonly string[] = [];

  constructor(settings: EndpointSettings, options: EndpointOptions) {
    this.#settings = settings;
    this.#options = options;
  }

  get name(): string {
    return this.#settings.endpoint;
  }

  get state(): EndpointState {
    return this.#state;
  }

  async start(): Promise<void> {
    if (this.#state === 'stopping' || this.#state === 'stopped') throw this.#wrongState('STOPPED');
    if (this.#state !== 'new') throw this.#wrongState('ALREADY_STARTED');
    this.#state = 'starting';
    this.#starting = this.#start();
    try {
      await this.#starting;
      if (this.#state !== 'starting') throw this.#wrongState('STOPPED');
      this.#state = 'running';
    } catch (error) {
      if (this.#state === 'starting') this.#state = 'new';
      throw error;
    } finally {
      this.#starting = undefined;
    }
  }

  async #start(): Promise<void> {
    const settings = this.#settings;
    const { container, handlers, sagas, logger } = settings;
    await container.verify?.([...new Set([...handlers.classes(), ...sagas.classes()])]);
    const connected = await this.#connect();
    try {
      if (this.#state !== 'starting') throw this.#wrongState('STOPPED');
      const { connection, provisions } = connected.services;
      if (provisions) await provision(connection, settings);
      else await checkProvisioned(connection, settings);
      if (!settings.sendOnly) {
        this.#staleSubscriptions = (await findStaleSubscriptions(connection, settings)) ?? [];
      }
      // Known before the first message arrives: a handler may ask for the health of its endpoint.
      this.#connected = connected;
      await connected.receive();
    } catch (error) {
      this.#connected = undefined;
      await connected.close(AbortSignal.abort());
      throw error;
    }
    logger.info(
      {
        transport: this.#transport?.address,
        queue: settings.sendOnly ? undefined : settings.inputQueue,
      },
      'Endpoint started',
    );
    logger.debug({ diagnostics: this.diagnostics() }, 'Startup diagnostics');
  }

  async #connect(): Promise<ConnectedEndpoint> {
    const { transport: configured, persistence } = this.#options;
    const transport = 'load' in configured ? await configured.load() : configured;
    this.#transport = transport;
    checkCapabilities(this.#settings, transport.name, transport.capabilities);
    return connectEndpoint(this.#settings, {
      transport,
      persistence: persistence ?? missingPersistence(this.name),
      provisions:
        this.#options.provision ??
        (transport.capabilities.embedded || process.env['NODE_ENV'] !== 'production'),
      onCritical: (error) => this.#critical(error),
    });
  }

  #critical(error: Error): void {
    this.#connected?.noteCritical(error);
    this.#settings.logger.error(
      { err: error, code: error instanceof BusbarError ? error.code : error.name },
      'Critical error',
    );
    this.#connected?.services.observe?.({ kind: 'critical', error });
    guardedCall(
      () => outsideHandlers(() => this.#options.onCriticalError?.(error)),
      (thrown) => {
        this.#settings.logger.error({ err: asError(thrown) }, 'The critical-error hook threw');
      },
    );
  }

  stop(options: StopOptions = {}): Promise<void> {
    return insideHandler() ? refuseInHandler(stopInHandler(this.name)) : this.#stopOnce(options);
  }

  async #stopOnce({ deadline }: StopOptions): Promise<void> {
    const deadlineMs =
      deadline === undefined
        ? this.#settings.stopDeadlineMs
        : toMilliseconds(deadline, 'stop.deadline');
    this.#stopping ??= this.#stop(deadlineMs);
    await this.#stopping;
  }

  async #stop(deadlineMs: number): Promise<void> {
    const { clock, logger } = this.#settings;
    const controller = new AbortController();
    const timer = clock.setTimer(() => controller.abort(), deadlineMs, true);
    try {
      // A start that hangs, in a broker or a container, must not make the stop hang: what it opens later is closed then.
      if (this.#starting !== undefined) {
        await untilAborted(this.#starting, controller.signal);
      }
      this.#state = 'stopping';
      await this.#connected?.close(controller.signal);
    } finally {
      timer.cancel();
    }
    this.#connected = undefined;
    this.#state = 'stopped';
    logger.info({}, 'Endpoint stopped');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  send(command: object, options: SendOptions = noOptions): Promise<void> {
    return this.#sendNow('send', command, options);
  }

  sendLocal(command: object, options: SendOptions = noOptions): Promise<void> {
    const { sendOnly, inputQueue } = this.#settings;
    if (sendOnly) return Promise.reject(sendOnlyError(this.name, 'sendLocal'));
    return this.#sendNow('send', command, options, inputQueue);
  }

  publish(event: object, options: PublishOptions = noOptions): Promise<void> {
    return this.#sendNow('publish', event, options);
  }

  #sendNow(intent: Intent, message: object, options: SendOptions, queue?: string): Promise<void> {
    if (insideHandler() && options?.dispatch !== 'immediate') {
      return refuseInHandler(outsideContext(intent, message));
    }
    return this.#sendOutside(intent, message, options, queue);
  }

  async #sendOutside(
    intent: Intent,
    message: object,
    options: SendOptions,
    queue?: string,
  ): Promise<void> {
    const connected = this.#running();
    connected.sendBegins();
    try {
      const operation = await connected.outgoing.prepare({ intent, message, options, queue });
      await connected.dispatch(new DispatchBatch([operation]));
    } finally {
      connected.sendEnded();
    }
  }

  // The reply's type is a matter of the interface; here it is whatever came.
  request(command: object, options: RequestOptions = noOptions): Promise<never> {
    if (insideHandler()) return refuseInHandler(requestInHandler(command)) as Promise<never>;
    return this.#request(command, options);
  }

  async #request(command: object, options: RequestOptions): Promise<never> {
    const connected = this.#running();
    if (this.#settings.sendOnly) throw sendOnlyError(this.name, 'request');
    const definition = definitionOf(command);
    const { timeout, signal, ...sendOptions } = options;
    throwIfAborted(definition.name, signal);
    const { clock, requestTimeoutMs, replyQueue } = this.#settings;
    const timeoutMs = timeout === undefined ? requestTimeoutMs : toMilliseconds(timeout, 'timeout');
    const waitsUntil = Math.min(clock.now() + timeoutMs, lastMoment);
    const messageId = options.messageId ?? randomUUID();
    await connected.requests.open();
    const operation = await connected.outgoing.prepare({
      intent: 'send',
      message: command,
      options: { ...sendOptions, messageId },
      replyTo: replyQueue,
      headers: { [headerNames.replyExpiresAt]: new Date(waitsUntil).toISOString() },
    });
    // It may have fired while the reply queue was made.
    throwIfAborted(definition.name, signal);
    const expected = connected.requests.expect({
      messageId,
      definition,
      timeoutMs,
      signal,
    });
    // A reply may come before the confirm of the request, so both are waited for at once.
    connected.sendBegins();
    connected
      .dispatch(new DispatchBatch([operation]))
      .catch((error: unknown) => expected.cancel(asError(error)))
      .finally(() => connected.sendEnded());
    return (await expected.reply) as never;
  }

  transaction<Result>(
    work: (storage: unknown, session: SessionSender) => Promise<Result>,
  ): Promise<Result> {
    if (insideHandler()) return refuseInHandler(sessionInHandler(this.name)) as Promise<never>;
    return this.#transaction(work);
  }

  async #transaction<Result>(
    work: (storage: unknown, session: SessionSender) => Promise<Result>,
  ): Promise<Result> {
    const connected = this.#withOutbox('transaction()');
    connected.sendBegins();
    try {
      return await connected.sessions.run(work);
    } finally {
      connected.sendEnded();
    }
  }

  readonly session = {
    within: (storage: unknown): SessionSender => {
      if (insideHandler()) throw sessionInHandler(this.name);
      return this.#withOutbox('session.within()').sessions.within(storage);
    },
  };

  #withOutbox(what: string): ConnectedEndpoint {
    const connected = this.#running();
    if (connected.relay !== undefined) return connected;
    throw new BusbarError('MISSING_OUTBOX', `Endpoint "${this.name}" has no outbox for ${what}.`, {
      details: { endpoint: this.name },
    });
  }

  async provision({ prune = false }: ProvisionOptions = {}): Promise<ProvisionReport> {
    const settings = this.#settings;
    const connected = this.#connected ?? (await this.#connect());
    try {
      const { connection } = connected.services;
      await provision(connection, settings);
      const known = settings.sendOnly ? [] : await findStaleSubscriptions(connection, settings);
      const staleSubscriptions = known ?? [];
      const pruned = prune && known !== undefined;
      if (prune && !pruned) {
        const text = `The transport cannot tell what "${settings.inputQueue}" is subscribed to, so nothing was pruned`;
        settings.logger.warn({ endpoint: settings.endpoint }, text);
      }
      if (pruned && staleSubscriptions.length > 0)
        await connection.subscriptions.unsubscribe(settings.inputQueue, staleSubscriptions);
      if (connected === this.#connected)
        this.#staleSubscriptions = pruned ? [] : staleSubscriptions;
      return {
        queues: neededQueues(settings).map((queue) => queue.name),
        subscriptions: neededTopics(settings),
        staleSubscriptions,
        pruned,
      };
    } finally {
      if (connected !== this.#connected) await connected.close(AbortSignal.abort());
    }
  }

  changeConcurrency(concurrency: number): void {
    this.#running().changeConcurrency(checkConcurrency(concurrency));
  }

  health(): EndpointHealth {
    const connected = this.#connected;
    const transport = connected?.services.connection.health() ?? { connected: false };
    return judgeHealth({
      state: this.#state,
      connected: transport.connected,
      transportProblem: transport.problem,
      criticalProblem: connected?.criticalProblem,
      persistenceProblem: connected?.persistenceProblem,
      receivers: connected?.receiverHealth() ?? [],
      counts: connected?.services.counts ?? noCounts(),
      rateLimited: connected?.rateLimited ?? false,
      staleSubscriptions: this.#staleSubscriptions,
    });
  }

  diagnostics(): EndpointDiagnostics {
    const transport = this.#transport;
    return describeEndpoint(this.#settings, {
      transport:
        transport === undefined
          ? { address: this.#options.transport.address }
          : {
              address: transport.address,
              name: transport.name,
              capabilities: transport.capabilities,
            },
      persistence: this.#options.persistence?.name ?? 'none',
    });
  }

  #running(): ConnectedEndpoint {
    if (this.#connected !== undefined && this.#state !== 'starting') return this.#connected;
    throw this.#wrongState(
      this.#state === 'new' || this.#state === 'starting' ? 'NOT_STARTED' : 'STOPPED',
    );
  }

  #wrongState(code: 'NOT_STARTED' | 'ALREADY_STARTED' | 'STOPPED'): BusbarError {
    return new BusbarError(code, `Endpoint "${this.name}" is ${this.#state}.`, {
      details: { endpoint: this.name, state: this.#state },
    });
  }
}
