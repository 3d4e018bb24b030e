import type { EveryHandlerContext } from '../handling/handler-context.ts';
import { handlerMethodMetadata } from '../handling/handler-methods.ts';
import type { AnyMessage, MessageType } from '../message/message-brand.ts';
import { definitionOf } from '../message/message-definition.ts';
import { type DecoratorName, noteMethod } from './note-method.ts';

/** A method that handles messages of type `M`. It may leave the context out, or both. */
export type HandlerMethod<M> = (message: M, context: EveryHandlerContext) => unknown;

/**
 * A method decorator for both kinds of decorators: standard first, then legacy (`experimentalDecorators`). The method's
 * first parameter has to take `M`, its second a `HandlerContext` of any routes and storage; more is not passed.
 */
export interface HandlesDecorator<M> {
  <Method extends HandlerMethod<M>>(
    method: Method,
    context: ClassMethodDecoratorContext<never, Method>,
  ): void;
  // Not TypedPropertyDescriptor: its setter would refuse methods that take more than M.
  (
    prototype: object,
    method: string | symbol,
    descriptor: { readonly value?: HandlerMethod<M> | undefined },
  ): void;
}

/**
 * Makes a method the handler of a message type. The class needs no decorator of its own, but goes into `handlers`.
 *
 * ```ts
 * @handles(PlaceOrder)
 * async place(command: PlaceOrder, context: HandlerContext): Promise<void> {}
 * ```
 *
 * The type is a value, never guessed from metadata. Several types for one method are several decorators.
 *
 * @throws BusbarError NOT_A_MESSAGE (undefined means a circular import), INVALID_HANDLER
 */
export function handles<M extends AnyMessage>(type: MessageType<M>): HandlesDecorator<M> {
  const definition = definitionOf(type);
  const decorator: DecoratorName = {
    text: `@handles(${definition.type.name})`,
    code: 'INVALID_HANDLER',
    details: { messageType: definition.name },
  };
  return (target: unknown, contextOrKey: ClassMethodDecoratorContext<never> | string | symbol) => {
    noteMethod(handlerMethodMetadata, definition, decorator, target, contextOrKey);
  };
}
