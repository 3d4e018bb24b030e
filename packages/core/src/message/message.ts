import type { ReplyClassOf, SchemaReplyClass } from './message-class.ts';
import type { MessageOptions } from './message-options.ts';
import type { MessageSchema, OutputOf } from './standard-schema.ts';
import { generateClass } from './generated-class.ts';

/** What a reply or timeout can declare. */
export interface ReplyMessageOptions<
  Schema extends MessageSchema = MessageSchema,
> extends MessageOptions {
  /** Checked by the sender and by the receiver, against what is on the wire; gives the payload its type. */
  readonly schema?: Schema;
}

/**
 * The class that a reply or timeout extends: a message that goes back to who caused it.
 *
 * ```ts
 * class Quote extends Message('Pricing.Quote')<{ price: number }> {}
 * ```
 *
 * @throws BusbarError INVALID_MESSAGE_NAME, INVALID_MESSAGE_OPTIONS
 */
export function Message<const Name extends string, Schema extends MessageSchema>(
  name: Name,
  schema: Schema,
): SchemaReplyClass<Name, OutputOf<Schema>>;
export function Message<const Name extends string, Schema extends MessageSchema = never>(
  name: Name,
  options?: ReplyMessageOptions<Schema>,
): ReplyClassOf<Name, Schema>;
export function Message(
  name: string,
  ...declared: [(MessageSchema | ReplyMessageOptions)?]
): unknown {
  return generateClass('message', name, declared);
}
