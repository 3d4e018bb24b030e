import { BusbarError } from '../errors.ts';
import type { EveryHandlerContext } from '../handling/handler-context.ts';
import { handlerMethodMetadata } from '../handling/handler-methods.ts';
import type { AnyMessage, MessageType } from '../message/message-brand.ts';
import { type MessageDefinition, definitionOf } from '../message/message-definition.ts';

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
  return (target: unknown, contextOrKey: ClassMethodDecoratorContext<never> | string | symbol) => {
    if (typeof contextOrKey === 'object') noteStandard(definition, contextOrKey);
    else noteLegacy(definition, target as object, contextOrKey);
  };
}

function noteStandard(
  definition: MessageDefinition,
  context: ClassMethodDecoratorContext<never>,
): void {
  const { kind, name, metadata } = context;
  if (kind !== 'method') throw refuse(definition, name, `is a ${String(kind)}, not a method`);
  if (context.static) throw refuse(definition, name, 'is static');
  if (context.private) throw refuse(definition, name, 'is private');
  if (typeof metadata !== 'object' || metadata === null) {
    throw refuse(
      definition,
      name,
      'got no metadata object from the compiler',
      'Use a compiler of the current proposal (TypeScript 5.2 or newer, esbuild, or SWC with decoratorVersion 2023-11), and import @busbar/core/decorators before the class is made.',
    );
  }
  handlerMethodMetadata.add(metadata, name, definition);
}

function noteLegacy(definition: MessageDefinition, target: object, method: string | symbol): void {
  if (typeof target === 'function') throw refuse(definition, method, 'is static');
  if (typeof Object.getOwnPropertyDescriptor(target, method)?.value !== 'function') {
    throw refuse(definition, method, 'is not a method');
  }
  handlerMethodMetadata.add(target.constructor, method, definition);
}

function refuse(
  definition: MessageDefinition,
  method: string | symbol,
  reason: string,
  help?: string,
): BusbarError {
  return new BusbarError(
    'INVALID_HANDLER',
    `@handles(${definition.type.name}) cannot be on '${String(method)}': it ${reason}.`,
    {
      help: help ?? 'Put the decorator on a public method of the instance.',
      details: { messageType: definition.name, method: String(method) },
    },
  );
}
