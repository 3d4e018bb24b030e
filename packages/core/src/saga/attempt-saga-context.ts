import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError } from '../errors.ts';
import type { ReplyOptions } from '../handling/send-options.ts';
import { type Headers, headerNames } from '../headers.ts';
import { describeMessage } from '../message/message-definition.ts';
import { AttemptHandlerContext, type HandlerRequest } from '../pipeline/attempt-handler-context.ts';
import type { Dispatch } from '../pipeline/dispatch-stage.ts';
import type { IncomingContext } from '../pipeline/incoming-context.ts';
import type { Outgoing } from '../pipeline/outgoing.ts';
import { refuseInHandler } from '../pipeline/current-attempt.ts';
import type { SagaContext, TimeoutOptions } from './saga-context.ts';
import type { SagaDescription } from './saga-description.ts';
import type { SagaInstance } from './saga-instance.ts';

const noOptions = Object.freeze({});

/** What the handlers of a saga see of the message and of their instance, and can do. */
export class AttemptSagaContext extends AttemptHandlerContext implements SagaContext {
  readonly #saga: SagaDescription;
  readonly #instance: SagaInstance;
  readonly #inputQueue: string;
  /** On everything that is sent. */
  readonly #origin: Headers;

  constructor(
    services: EndpointServices,
    outgoing: Outgoing,
    dispatch: Dispatch,
    incoming: IncomingContext,
    saga: SagaDescription,
    instance: SagaInstance,
  ) {
    super(services, outgoing, dispatch, incoming);
    this.#saga = saga;
    this.#instance = instance;
    this.#inputQueue = services.inputQueue;
    this.#origin = {
      [headerNames.originatingSagaId]: instance.id,
      [headerNames.originatingSagaType]: saga.name,
    };
  }

  get sagaId(): string {
    return this.#instance.id;
  }

  /** Only callers without types get here. */
  set sagaId(_id: string) {
    throw new BusbarError(
      'SAGA_CORRELATION_CHANGED',
      `A handler of saga ${this.#saga.name} ${this.sagaId} tried to change its id.`,
      { details: { saga: this.#saga.name, sagaId: this.sagaId } },
    );
  }

  get state(): object {
    return this.#instance.state;
  }

  set state(state: object) {
    this.#instance.state = state;
  }

  complete(): void {
    this.#instance.completed = true;
  }

  requestTimeout(message: object, options: TimeoutOptions): Promise<void> {
    const messageType = describeMessage(message)?.name;
    const handled = this.#saga.bindings.some(
      ({ role, messageDefinition }) =>
        role === 'onTimeout' && messageDefinition.name === messageType,
    );
    if (messageType !== undefined && !handled) {
      return refuseInHandler(unhandledTimeout(this.#saga, messageType));
    }
    const { delay, deliverAt } = options ?? noOptions;
    if (delay === undefined && deliverAt === undefined) {
      return refuseInHandler(timeoutWithoutTime(this.#saga, messageType));
    }
    return this.collect({
      intent: 'send',
      message,
      options: {
        ...(delay !== undefined && { delay }),
        ...(deliverAt !== undefined && { deliverAt }),
      },
      queue: this.#inputQueue,
      isTimeout: true,
      headers: {
        [headerNames.sagaId]: this.sagaId,
        [headerNames.sagaType]: this.#saga.name,
        [headerNames.sagaTimeout]: 'true',
      },
    });
  }

  replyToOriginator(message: object, options: ReplyOptions = noOptions): Promise<void> {
    return this.collect({ intent: 'reply', message, options, answers: this.#instance.originator });
  }

  protected override collect(request: HandlerRequest): Promise<void> {
    return super.collect({ ...request, headers: { ...request.headers, ...this.#origin } });
  }
}

function unhandledTimeout({ name }: SagaDescription, messageType: string): BusbarError {
  return new BusbarError(
    'INVALID_SAGA',
    `The saga ${name} requested the timeout ${messageType}, which it does not handle.`,
    {
      help: `Add .onTimeout(${messageType.split('.').at(-1)}, …), or @onTimeout on a method.`,
      details: { saga: name, messageType },
    },
  );
}

function timeoutWithoutTime({ name }: SagaDescription, messageType?: string): BusbarError {
  return new BusbarError(
    'INVALID_SAGA',
    `The saga ${name} requested the timeout ${messageType ?? ''} without saying when.`,
    {
      help: "Give it { delay: '1h' } or { deliverAt: date }.",
      details: { saga: name, messageType },
    },
  );
}
