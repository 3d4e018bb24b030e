import { BusbarError } from '../errors.ts';
import type { AnyMessage, MessageType } from '../message/message-brand.ts';
import { type MessageDefinition, definitionOf } from '../message/message-definition.ts';
import type { AnyRoutes } from '../routing/routes.ts';
import type { HandlerContext } from './handler-context.ts';

const brand: unique symbol = Symbol.for('busbar.handler');

/** A function that handles messages of one type. */
export interface HandlerDefinition {
  readonly [brand]: true;
  readonly messageDefinition: MessageDefinition;
  /** For logs and failure headers. */
  readonly name: string;
  readonly handle: (message: never, context: never) => unknown;
}

/** Options of `handler`. */
export interface HandlerOptions {
  /**
   * For logs and failure headers.
   *
   * @default the name of the function, else `handler of <message name>`
   */
  readonly name?: string;
}

/**
 * A handler without a class: the whole framework works without decorators.
 *
 * ```ts
 * handler(PlaceOrder, async (command, context) => {
 *   await context.publish(new OrderPlaced({ orderId: command.orderId }));
 * });
 * ```
 *
 * A promise that `handle` gives is awaited; what it resolves to is ignored. A handler of an event gets the events that
 * extend it, too.
 *
 * @throws BusbarError NOT_A_MESSAGE, INVALID_HANDLER
 */
export function handler<M extends AnyMessage, R extends AnyRoutes = AnyRoutes, Storage = unknown>(
  type: MessageType<M>,
  handle: (message: NoInfer<M>, context: HandlerContext<R, Storage>) => unknown,
  options: HandlerOptions = {},
): HandlerDefinition {
  const messageDefinition = definitionOf(type);
  if (typeof handle !== 'function') {
    throw new BusbarError(
      'INVALID_HANDLER',
      `handler(${messageDefinition.name}) was given no function.`,
    );
  }
  const name =
    options.name ?? (handle.name === '' ? `handler of ${messageDefinition.name}` : handle.name);
  return Object.freeze({ [brand]: true as const, messageDefinition, name, handle });
}

/** Whether `value` was made by `handler`. */
export function isHandlerDefinition(value: unknown): value is HandlerDefinition {
  return typeof value === 'object' && value !== null && brand in value;
}
