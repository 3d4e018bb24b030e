import { randomUUID } from 'node:crypto';
import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError, asError } from '../errors.ts';
import { headerNames } from '../headers.ts';
import type { StorageSession } from '../persistence/persistence.ts';
import type { StoredSaga } from '../persistence/stored-saga.ts';
import { AttemptHandlerContext } from '../pipeline/attempt-handler-context.ts';
import type { Dispatch } from '../pipeline/dispatch-stage.ts';
import { noteFailedHandler } from '../pipeline/failed-handler.ts';
import type { IncomingContext } from '../pipeline/incoming-context.ts';
import type { Outgoing } from '../pipeline/outgoing.ts';
import { AttemptSagaContext } from './attempt-saga-context.ts';
import { correlationText, describeCorrelation } from './correlation-value.ts';
import { type SagaPlan, planFound, planSaga } from './plan-saga.ts';
import type { SagaBinding } from './saga-description.ts';
import { type FoundSaga, type SagaFinder, isSagaFinder } from './saga-finder.ts';
import { type SagaInstance, changeOf, loadInstance, newInstance } from './saga-instance.ts';
import type { SagaCall } from './saga-registry.ts';
import { answeredMessage } from './stored-state.ts';

/** What became of a message at a saga. */
export type SagaOutcome = 'handled' | 'stopped' | 'skipped';

/** What was found for a message. */
type Found =
  | { readonly kind: 'instance'; readonly stored: StoredSaga }
  | { readonly kind: SagaPlan['otherwise']; readonly value?: unknown };

/** Finds the instance of a saga for a message, calls its handlers, and notes what became of it. */
export class SagaRunner {
  readonly #services: EndpointServices;
  readonly #outgoing: Outgoing;
  readonly #dispatch: Dispatch;

  constructor(services: EndpointServices, outgoing: Outgoing, dispatch: Dispatch) {
    this.#services = services;
    this.#outgoing = outgoing;
    this.#dispatch = dispatch;
  }

  async run(call: SagaCall, context: IncomingContext): Promise<SagaOutcome> {
    const found = await this.#find(call, context);
    switch (found.kind) {
      case 'skip':
        return 'skipped';
      case 'drop':
        this.#log('debug', call, context, 'A timeout came after its saga had completed');
        return 'handled';
      case 'not-found':
        return this.#notFound(call, context);
      case 'start':
        return this.#invoke(call, context, start(call, context, found.value));
      case 'instance':
        return this.#invoke(call, context, await loadInstance(call.saga, found.stored));
    }
  }

  async #find(call: SagaCall, context: IncomingContext): Promise<Found> {
    const { saga, finding, starts } = call;
    const { headers, message } = context;
    const { correlate, role } = finding;
    const sagaId = headers[headerNames.sagaId];
    const sagaType = headers[headerNames.sagaType];
    const addressed = sagaId !== undefined && sagaType !== undefined;
    const byFinder = isSagaFinder(correlate);
    const plan = planSaga({
      isTimeout: role === 'onTimeout',
      addressedTo: !addressed ? 'nobody' : sagaType === saga.name ? 'this' : 'other',
      finds: correlate === undefined ? 'by-id' : byFinder ? 'by-finder' : 'by-correlation',
      starts,
    });
    if (plan.look !== 'by-finder') {
      const value = plan.look === 'by-correlation' ? valueOf(call, context, message) : sagaId;
      return this.#look(call, context, plan, value);
    }
    const found = await this.#ask(finding, correlate as SagaFinder<object>, call, context);
    if (found === undefined) return this.#look(call, context, planFound('nothing', starts), found);
    const by = found.sagaId === undefined ? 'correlation' : 'id';
    return this.#look(call, context, planFound(by, starts), found.sagaId ?? found.correlation);
  }

  async #look(
    call: SagaCall,
    { messageId, session }: IncomingContext,
    { look, otherwise }: SagaPlan,
    value: unknown,
  ): Promise<Found> {
    if (look === 'nowhere') return { kind: otherwise };
    const text = look === 'by-id' ? (value as string) : correlationText(value);
    if (text === undefined) throw correlationMissing(call, messageId, describeCorrelation(value));
    const { name, pessimistic } = call.saga;
    const by = look === 'by-id' ? 'id' : 'correlation';
    const stored = await (session as StorageSession).findSaga({
      type: name,
      by,
      value: text,
      lock: pessimistic,
    });
    return stored === undefined ? { kind: otherwise, value } : { kind: 'instance', stored };
  }

  async #ask(
    { name }: SagaBinding,
    { find }: SagaFinder<object>,
    { saga }: SagaCall,
    { headers, message, storage }: IncomingContext,
  ): Promise<FoundSaga | undefined> {
    try {
      const found: unknown = await find(message, { headers, storage: storage as never });
      if (found === undefined || found === null) return undefined;
      const { sagaId, correlation } = found as { sagaId?: unknown; correlation?: unknown };
      if (typeof sagaId === 'string') return { sagaId };
      const correlates = saga.correlation !== undefined && sagaId === undefined;
      if (correlates && correlationText(correlation) !== undefined) {
        return { correlation: correlation as string };
      }
    } catch (thrown) {
      const error = asError(thrown);
      noteFailedHandler(error, `${name}, its finder`);
      throw error;
    }
    throw new BusbarError('INVALID_SAGA', `The finder of ${name} gave no way to an instance.`, {
      help: 'Return { sagaId }, undefined, or, for a saga with a `correlation` property, { correlation }.',
      details: { saga: saga.name },
    });
  }

  async #invoke(
    call: SagaCall,
    context: IncomingContext,
    instance: SagaInstance,
  ): Promise<SagaOutcome> {
    const { saga, bindings } = call;
    const sagaContext = new AttemptSagaContext(
      this.#services,
      this.#outgoing,
      this.#dispatch,
      context,
      saga,
      instance,
    );
    for (const binding of bindings) {
      await this.#call(binding, call, context, sagaContext);
      if (sagaContext.stopped) break;
    }
    const change = await changeOf(saga, instance);
    if (change !== undefined) context.sagas.push(change);
    return sagaContext.stopped ? 'stopped' : 'handled';
  }

  async #notFound(call: SagaCall, context: IncomingContext): Promise<SagaOutcome> {
    const { notFound } = call.saga;
    if (notFound === undefined) {
      this.#log('info', call, context, 'No saga was found for a message, and it starts none');
      return 'handled';
    }
    const handlerContext = new AttemptHandlerContext(
      this.#services,
      this.#outgoing,
      this.#dispatch,
      context,
    );
    await this.#call(notFound, call, context, handlerContext);
    return handlerContext.stopped ? 'stopped' : 'handled';
  }

  async #call(
    { name, invoke }: Pick<SagaBinding, 'name' | 'invoke'>,
    { saga: { type } }: SagaCall,
    { message }: IncomingContext,
    handlerContext: AttemptHandlerContext,
  ): Promise<void> {
    try {
      const instance = type && (await this.#services.container.resolve(type));
      await invoke(instance, message, handlerContext);
    } catch (thrown) {
      const error = asError(thrown);
      noteFailedHandler(error, name);
      throw error;
    }
  }

  #log(level: 'debug' | 'info', { saga }: SagaCall, context: IncomingContext, text: string): void {
    const { definition, headers, messageId } = context;
    const sagaId = headers[headerNames.sagaId];
    const fields = { messageId, messageType: definition.name, saga: saga.name, sagaId };
    this.#services.logger[level](fields, text);
  }
}

function start(call: SagaCall, context: IncomingContext, value: unknown): SagaInstance {
  const { messageId, headers } = context;
  if (call.saga.correlation !== undefined && correlationText(value) === undefined) {
    throw correlationMissing(call, messageId, 'nothing from its finder');
  }
  return newInstance(call.saga, randomUUID(), value, answeredMessage(messageId, headers));
}

/** What the correlation function takes from the message. One that throws has found none. */
function valueOf(
  call: SagaCall,
  { headers, messageId }: IncomingContext,
  message: object,
): unknown {
  try {
    const correlate = call.finding.correlate as (message: object, headers: object) => unknown;
    return correlate(message, headers);
  } catch (cause) {
    throw correlationMissing(call, messageId, 'an error from its correlation function', cause);
  }
}

function correlationMissing(
  { saga, finding }: SagaCall,
  messageId: string,
  got: string,
  cause?: unknown,
): BusbarError {
  const messageType = finding.messageDefinition.name;
  return new BusbarError(
    'SAGA_CORRELATION_MISSING',
    `The message ${messageType} ${messageId} has no correlation value for the saga ${saga.name}, but ${got}.`,
    { cause, details: { saga: saga.name, messageType, messageId, got } },
  );
}
