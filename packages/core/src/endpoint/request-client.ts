import { BusbarError, asError } from '../errors.ts';
import { headerNames } from '../headers.ts';
import { createInstance } from '../message/create-instance.ts';
import type { MessageDefinition } from '../message/message-definition.ts';
import { validate } from '../message/validate.ts';
import type { Step } from '../pipeline/behavior.ts';
import { serializerOf } from '../pipeline/deserialize-stage.ts';
import { IncomingContext } from '../pipeline/incoming-context.ts';
import { createUnwrapStage } from '../pipeline/unwrap-stage.ts';
import type { RecoveryPolicy } from '../recoverability/decide-recovery.ts';
import { createRecovery } from '../recoverability/recovery.ts';
import type { Timer } from '../time/clock.ts';
import type { OnError } from '../transport/delivery.ts';
import type { Receiver } from '../transport/transport.ts';
import type { EndpointServices } from './endpoint-services.ts';
import { checkQueues, replyQueueDefinition } from './provisioning.ts';

interface PendingRequest {
  readonly request: RequestToSend;
  readonly expected: MessageDefinition | undefined;
  readonly timer: Timer;
  resolve(reply: object): void;
  reject(error: Error): void;
}

/** A request that is about to be sent. */
export interface RequestToSend {
  readonly messageId: string;
  readonly definition: MessageDefinition;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Waits for replies on a queue of this instance alone, which is made with the first request and disappears when it has
 * been unused for a day.
 */
export class RequestClient {
  readonly #services: EndpointServices;
  readonly #receive: Step<IncomingContext>;
  readonly #onError: OnError;
  /** By message id: who asks twice under one id waits for the same reply, since the receiver may deduplicate. */
  readonly #pending = new Map<string, Set<PendingRequest>>();
  /** Why requests were rejected: their callers wait no more, so that a retry of the reply would only be discarded. */
  readonly #told = new WeakSet<Error>();
  #opening: Promise<Receiver> | undefined;
  #receiver: Receiver | undefined;
  #closed = false;

  constructor(services: EndpointServices) {
    this.#services = services;
    const { recoverability } = services;
    const policy: RecoveryPolicy = (failure, settings) =>
      this.#told.has(failure.error)
        ? { action: 'error' }
        : recoverability.policy(failure, settings);
    this.#onError = createRecovery({ ...services, recoverability: { ...recoverability, policy } });
    this.#receive = createUnwrapStage(services, (context) => this.#match(context));
  }

  /** The receiver of replies, once a request has been made. */
  get receiver(): Receiver | undefined {
    return this.#receiver;
  }

  /** Ends, never rejects, when the receiver that is being made is there or has failed. */
  get opening(): Promise<unknown> | undefined {
    return this.#opening?.catch(() => {});
  }

  /** Makes the queue and receives from it. Called before the first request is sent, so that no reply can miss it. */
  async open(): Promise<void> {
    this.#opening ??= this.#start();
    try {
      this.#receiver = await this.#opening;
    } catch (error) {
      // The next request may try again.
      this.#opening = undefined;
      throw error;
    }
  }

  async #start(): Promise<Receiver> {
    const { connection, endpoint, replyQueue, recoverability, clock, provisions } = this.#services;
    if (provisions) await connection.queues.provision([replyQueueDefinition(replyQueue)]);
    else await checkQueues(connection, endpoint, [replyQueue]);
    const receiver = connection.createReceiver({
      queue: replyQueue,
      concurrency: replyConcurrency,
      suspicionAfter: recoverability.crashGuard,
      ordered: false,
    });
    await receiver.start(async (attempt) => {
      const context = new IncomingContext(attempt, clock.now());
      await this.#receive(context);
      if (context.outcome === 'expired') this.#drop(context, 'expired');
      return 'settle';
    }, this.#onError);
    return receiver;
  }

  /** Registers the request; the promise ends with the reply, the timeout or the signal. */
  expect(request: RequestToSend): { readonly reply: Promise<object>; cancel(error: Error): void } {
    const { messageId, definition, timeoutMs, signal } = request;
    const { clock, messages } = this.#services;
    const { promise, resolve, reject } = Promise.withResolvers<object>();
    const onAbort = (): void => end(this.#aborted(request));
    const finish = (): void => {
      const waiting = this.#pending.get(messageId);
      waiting?.delete(pending);
      if (waiting?.size === 0) this.#pending.delete(messageId);
      pending.timer.cancel();
      signal?.removeEventListener('abort', onAbort);
    };
    const end = (error: Error): void => {
      finish();
      reject(error);
    };
    const pending: PendingRequest = {
      request,
      expected: definition.reply === undefined ? undefined : messages.add(definition.reply),
      timer: clock.setTimer(() => end(timedOut(request)), timeoutMs, true),
      resolve: (reply) => {
        finish();
        resolve(reply);
      },
      reject: end,
    };
    const waiting = this.#pending.get(messageId);
    if (waiting === undefined) this.#pending.set(messageId, new Set([pending]));
    else waiting.add(pending);
    signal?.addEventListener('abort', onAbort, { once: true });
    if (this.#closed) end(stopped(request));
    return { reply: promise, cancel: end };
  }

  /** Ends every waiting request with REQUEST_ABORTED. */
  rejectAll(): void {
    this.#closed = true;
    for (const waiting of this.#pending.values()) {
      for (const pending of waiting) pending.reject(stopped(pending.request));
    }
  }

  async #match(context: IncomingContext): Promise<void> {
    const requestId = context.headers[headerNames.correlationId] ?? '';
    const waiting = this.#pending.get(requestId);
    if (waiting === undefined) {
      this.#drop(context, 'nobody waits for it any more');
      return;
    }
    // From now on a second reply finds nobody, however long it takes to read this one.
    this.#pending.delete(requestId);
    const errors: Error[] = [];
    for (const pending of waiting) {
      const error = await this.#answer(context, pending);
      if (error !== undefined) errors.push(error);
    }
    if (errors[0] !== undefined) throw errors[0];
  }

  /** Ends the request. An error is told to its caller at once, and the bytes go to the error queue. */
  async #answer(context: IncomingContext, pending: PendingRequest): Promise<Error | undefined> {
    try {
      pending.resolve(await this.#read(context, pending));
      return undefined;
    } catch (thrown) {
      const error = asError(thrown);
      this.#told.add(error);
      pending.reject(error);
      return error;
    }
  }

  #drop({ headers, messageId, queue }: IncomingContext, reason: string): void {
    this.#services.counts.discarded += 1;
    this.#services.logger.info({ messageId, queue }, `A reply was discarded: ${reason}`);
    this.#services.observe?.({ kind: 'discarded', queue, headers, reason });
  }

  async #read(context: IncomingContext, pending: PendingRequest): Promise<object> {
    const { messages, mutators } = this.#services;
    const enclosed = context.headers[headerNames.enclosedTypes] ?? '';
    const definition = messages.resolve(enclosed.split(';'));
    const messageType = pending.request.definition.name;
    if (
      definition === undefined ||
      (pending.expected !== undefined && !definition.chain.includes(pending.expected.name))
    ) {
      throw new BusbarError(
        'UNKNOWN_MESSAGE_TYPE',
        `The reply to ${messageType} is of type "${enclosed.slice(0, 200)}"${pending.expected === undefined ? '' : `, not ${pending.expected.name}`}.`,
        {
          help: 'Declare the reply with the command, Command(name, { reply: Reply }), or list its type in `messages`.',
          details: { messageType },
        },
      );
    }
    const parsed = serializerOf(this.#services, context).deserialize(context.body);
    context.message = createInstance(definition, await validate(definition, parsed));
    for (const mutator of mutators) await mutator.incoming?.(context);
    return context.message;
  }

  #aborted({ messageId, definition, signal }: RequestToSend): BusbarError {
    return new BusbarError(
      'REQUEST_ABORTED',
      `The request ${definition.name} ${messageId} was aborted by its caller.`,
      {
        cause: signal?.reason,
        details: { messageId, messageType: definition.name },
      },
    );
  }
}

const replyConcurrency = 16;

function stopped({ messageId, definition }: RequestToSend): BusbarError {
  return new BusbarError(
    'REQUEST_ABORTED',
    `The endpoint stopped before the reply to ${definition.name} ${messageId} came.`,
    { details: { messageId, messageType: definition.name } },
  );
}

function timedOut({ messageId, definition, timeoutMs }: RequestToSend): BusbarError {
  return new BusbarError(
    'REQUEST_TIMEOUT',
    `No reply to ${definition.name} ${messageId} came within ${timeoutMs} ms.`,
    {
      details: { messageId, messageType: definition.name, timeoutMs },
    },
  );
}
