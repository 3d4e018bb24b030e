import type { AnyReply, MessageType } from './message-brand.ts';
import type { CommandClassOf, SchemaCommandClass } from './message-class.ts';
import type { MessageOptions } from './message-options.ts';
import type { MessageSchema, OutputOf } from './standard-schema.ts';
import { generateClass } from './generated-class.ts';

/** What a command can declare. */
export interface CommandOptions<
  Schema extends MessageSchema = MessageSchema,
  Reply extends AnyReply = AnyReply,
> extends MessageOptions {
  /** Checked by the sender and by the receiver, against what is on the wire; gives the payload its type. */
  readonly schema?: Schema;
  /** What the owner answers; types the result of `request`. */
  readonly reply?: MessageType<Reply>;
}

/**
 * The class that a command extends. A command tells its one owner to do something.
 *
 * `name` is the name on the wire: stable, unique, by convention `<Service>.<Command>`. The payload is one object type: of
 * several alternatives make a property.
 *
 * ```ts
 * class PlaceOrder extends Command('Sales.PlaceOrder', orderSchema) {}
 * class CancelOrder extends Command('Sales.CancelOrder')<{ orderId: string }> {}
 * class GetQuote extends Command('Pricing.GetQuote', { reply: Quote })<{ sku: string }> {}
 * ```
 *
 * @throws BusbarError INVALID_MESSAGE_NAME, INVALID_MESSAGE_OPTIONS
 */
export function Command<const Name extends string, Schema extends MessageSchema>(
  name: Name,
  schema: Schema,
): SchemaCommandClass<Name, OutputOf<Schema>>;
export function Command<
  const Name extends string,
  Schema extends MessageSchema = never,
  Reply extends AnyReply = AnyReply,
>(name: Name, options?: CommandOptions<Schema, Reply>): CommandClassOf<Name, Schema, Reply>;
export function Command(name: string, ...declared: [(MessageSchema | CommandOptions)?]): unknown {
  return generateClass('command', name, declared);
}
