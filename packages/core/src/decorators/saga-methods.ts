import type { EveryHandlerContext } from '../handling/handler-context.ts';
import type { AnyMessage, AnyReply, MessageType } from '../message/message-brand.ts';
import { definitionOf } from '../message/message-definition.ts';
import type { EverySagaContext } from '../saga/saga-context.ts';
import type { SagaHints, SagaRole } from '../saga/saga-description.ts';
import type { Correlate, SagaFinder } from '../saga/saga-finder.ts';
import { sagaMethodMetadata } from '../saga/saga-methods.ts';
import { noteMethod } from './note-method.ts';

/** A method of a saga that handles messages of type `M`. It may leave the context out, or both. */
export type SagaMethod<M> = (message: M, context: EverySagaContext) => unknown;

/** A method of a saga that is called for messages that find no instance. */
export type NotFoundMethod = (message: AnyMessage, context: EveryHandlerContext) => unknown;

/**
 * A method decorator for both kinds of decorators: standard first, then legacy (`experimentalDecorators`). The method's
 * first parameter has to take `M`, its second a `SagaContext`; more is not passed.
 */
export interface SagaMethodDecorator<M> {
  <Method extends SagaMethod<M>>(
    method: Method,
    context: ClassMethodDecoratorContext<never, Method>,
  ): void;
  (
    prototype: object,
    method: string | symbol,
    descriptor: { readonly value?: SagaMethod<M> | undefined },
  ): void;
}

/** As {@link SagaMethodDecorator}; the second parameter has to take a `HandlerContext`. */
export interface NotFoundDecorator {
  <Method extends NotFoundMethod>(
    method: Method,
    context: ClassMethodDecoratorContext<never, Method>,
  ): void;
  (
    prototype: object,
    method: string | symbol,
    descriptor: { readonly value?: NotFoundMethod | undefined },
  ): void;
}

/**
 * Makes a method the handler of a message that starts an instance, unless it finds one. Several types may, in any order.
 *
 * @param finds takes the correlation value from the message, or is a `finder(…)`
 * @throws BusbarError NOT_A_MESSAGE, INVALID_SAGA
 */
export function startedBy<M extends AnyMessage>(
  type: MessageType<M>,
  finds: Correlate<NoInfer<M>> | SagaFinder<NoInfer<M>>,
  hints: SagaHints = {},
): SagaMethodDecorator<M> {
  return decorate('startedBy', type, finds, hints);
}

/**
 * Makes a method the handler of a message for an instance that exists.
 *
 * @param finds takes the correlation value from the message, or is a `finder(…)`
 * @throws BusbarError NOT_A_MESSAGE, INVALID_SAGA
 */
export function continuedBy<M extends AnyMessage>(
  type: MessageType<M>,
  finds: Correlate<NoInfer<M>> | SagaFinder<NoInfer<M>>,
  hints: SagaHints = {},
): SagaMethodDecorator<M> {
  return decorate('continuedBy', type, finds, hints);
}

/**
 * Makes a method the handler of replies to what the instance sent or published.
 *
 * @throws BusbarError NOT_A_MESSAGE, INVALID_SAGA
 */
export function onReply<M extends AnyReply>(
  type: MessageType<M>,
  hints: SagaHints = {},
): SagaMethodDecorator<M> {
  return decorate('onReply', type, undefined, hints);
}

/**
 * Makes a method the handler of timeouts that the instance requested.
 *
 * @throws BusbarError NOT_A_MESSAGE, INVALID_SAGA
 */
export function onTimeout<M extends AnyReply>(
  type: MessageType<M>,
  hints: SagaHints = {},
): SagaMethodDecorator<M> {
  return decorate('onTimeout', type, undefined, hints);
}

/**
 * Makes a method the one that is called for a message that finds no instance and starts none; never for a timeout.
 *
 * @throws BusbarError INVALID_SAGA
 */
export function onNotFound(): NotFoundDecorator {
  const decorator = { text: '@onNotFound()', code: 'INVALID_SAGA', details: {} } as const;
  return (target: unknown, contextOrKey: ClassMethodDecoratorContext<never> | string | symbol) => {
    noteMethod(sagaMethodMetadata, { role: 'onNotFound' }, decorator, target, contextOrKey);
  };
}

function decorate<M extends AnyMessage>(
  role: SagaRole,
  type: unknown,
  correlate: Correlate<M> | SagaFinder<M> | undefined,
  hints: SagaHints,
): SagaMethodDecorator<M> {
  const messageDefinition = definitionOf(type);
  const note = { role, messageDefinition, correlate, hints };
  const decorator = {
    text: `@${role}(${messageDefinition.type.name})`,
    code: 'INVALID_SAGA',
    details: { messageType: messageDefinition.name },
  } as const;
  return (target: unknown, contextOrKey: ClassMethodDecoratorContext<never> | string | symbol) => {
    noteMethod(sagaMethodMetadata, note, decorator, target, contextOrKey);
  };
}
