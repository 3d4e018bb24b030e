import type { BaseEventType, EventClassOf, SchemaEventClass } from './message-class.ts';
import type { MessageOptions } from './message-options.ts';
import type { MessageSchema, OutputOf } from './standard-schema.ts';
import { generateClass } from './generated-class.ts';

/** What an event can declare. */
export interface EventOptions<
  Schema extends MessageSchema = MessageSchema,
  Base extends BaseEventType = BaseEventType,
> extends MessageOptions {
  /**
   * Checked by the publisher and by subscribers, against what is on the wire; gives the payload its type. With
   * `extends` it may leave the base's properties out.
   */
  readonly schema?: Schema;
  /**
   * The event that this one is a special case of: who subscribes to the base gets this one too. The class extends it at
   * run time, its payload is added to the base's.
   */
  readonly extends?: Base;
  /**
   * Whether subscribers get the events of one partition key in the order of their publication. Needs a transport that
   * can, and `partitionKey` at each publish. A derived event is as its base is.
   *
   * @default false
   */
  readonly ordered?: boolean;
}

/**
 * The class that an event extends. An event says what happened, to whoever subscribes.
 *
 * `name` is the name on the wire: stable, unique, by convention `<Service>.<Event>`.
 *
 * ```ts
 * class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string; total: number }> {}
 * class PriorityOrderPlaced extends Event('Sales.PriorityOrderPlaced', { extends: OrderPlaced })<{ level: number }> {}
 * ```
 *
 * @throws BusbarError INVALID_MESSAGE_NAME, INVALID_MESSAGE_OPTIONS, NOT_A_MESSAGE
 */
export function Event<const Name extends string, Schema extends MessageSchema>(
  name: Name,
  schema: Schema,
): SchemaEventClass<Name, OutputOf<Schema>>;
export function Event<
  const Name extends string,
  Schema extends MessageSchema = never,
  Base extends BaseEventType = never,
>(name: Name, options?: EventOptions<Schema, Base>): EventClassOf<Name, Schema, Base>;
export function Event(name: string, ...declared: [(MessageSchema | EventOptions)?]): unknown {
  return generateClass('event', name, declared);
}
