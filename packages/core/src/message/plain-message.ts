import type {
  AnyEvent,
  AnyReply,
  CommandBrand,
  EventBrand,
  MessageKind,
  MessageType,
  ReplyBrand,
} from './message-brand.ts';
import type { CommandOptions } from './command.ts';
import type { EventOptions } from './event.ts';
import type { ReplyMessageOptions } from './message.ts';
import {
  type MessageDefinition,
  define,
  describeMessage,
  inheritedMessage,
} from './message-definition.ts';
import { type LooseOptions, invalid, readOptions } from './read-options.ts';
import { inheritSchema } from './inherit-schema.ts';
import type { MessageSchema } from './standard-schema.ts';

/** A class that may become a message. */
export type PlainClass = new (...parameters: never[]) => object;

/** `Type` with messages as instances; statics stay. */
export type DeclaredClass<Type extends PlainClass, Brand> = Pick<
  Type,
  Exclude<keyof Type, 'prototype'>
> & {
  readonly prototype: InstanceType<Type> & Brand;
  new (...parameters: ConstructorParameters<Type>): InstanceType<Type> & Brand;
};

/**
 * Declares a plain class to be a message, and gives it back with the type of one. Nothing is written onto the class, so
 * contracts need not depend on this package. Works as a class decorator too, legacy and standard; since a decorator
 * cannot change a type, merge the brand in then: `interface PlaceOrder extends CommandBrand<'Sales.PlaceOrder'> {}`.
 *
 * Received messages are made without running the constructor: private `#fields` and initializers are not there.
 */
export interface DeclareMessage<Brand, Base extends object = object> {
  <Type extends new (...parameters: never[]) => Base>(
    type: Type,
    context?: ClassDecoratorContext,
  ): DeclaredClass<Type, Brand>;
}

/** What an event made of a plain class can declare. */
export interface PlainEventOptions<Base extends AnyEvent = AnyEvent> extends Omit<
  EventOptions,
  'extends'
> {
  /** The event that this one is a special case of; the class has to extend it. */
  readonly extends?: MessageType<Base>;
}

/**
 * Declares a plain class to be a command.
 *
 * ```ts
 * export const PlaceOrder = command('Sales.PlaceOrder')(contracts.PlaceOrder);
 * export type PlaceOrder = InstanceType<typeof PlaceOrder>;
 * ```
 *
 * @throws BusbarError INVALID_MESSAGE_NAME, INVALID_MESSAGE_OPTIONS
 */
export function command<const Name extends string, Reply extends AnyReply = AnyReply>(
  name: Name,
  options: CommandOptions<MessageSchema, Reply> = {},
): DeclareMessage<CommandBrand<Name, Reply>> {
  return declarer('command', name, options);
}

/** Declares a plain class to be an event; see {@link command}. */
export function event<const Name extends string, Base extends AnyEvent = never>(
  name: Name,
  options: PlainEventOptions<Base> = {},
): DeclareMessage<EventBrand<Name>, [Base] extends [never] ? object : Base> {
  return declarer('event', name, options);
}

/** Declares a plain class to be a reply or timeout; see {@link command}. */
export function message<const Name extends string>(
  name: Name,
  options: ReplyMessageOptions = {},
): DeclareMessage<ReplyBrand<Name>> {
  return declarer('message', name, options);
}

function declarer<Brand, Base extends object>(
  kind: MessageKind,
  name: string,
  options: LooseOptions,
): DeclareMessage<Brand, Base> {
  const { definition, base } = readOptions(kind, name, options);
  const schema = inheritSchema(base, definition.schema);
  return (type) => {
    if (typeof type !== 'function') {
      throw invalid(name, 'Something that is no class was declared to be it.');
    }
    const inherited = inheritedMessage(type);
    if (inherited?.type !== base?.type) {
      throw invalid(
        name,
        base === undefined
          ? `${type.name} extends the message ${inherited?.name}; only events extend each other, and say so with { extends: … }.`
          : `It is declared to extend ${base.name}, so ${type.name} must be a class that extends ${base.type.name}.`,
      );
    }
    declare({
      ...definition,
      type: type as unknown as MessageType,
      ...(schema !== undefined && { schema }),
    });
    return type as never;
  };
}

/** A class is one message; to declare the same once more is harmless. */
function declare(definition: MessageDefinition): void {
  const known = describeMessage(definition.type);
  if (known === undefined) {
    define(definition);
  } else if (known.name !== definition.name || known.kind !== definition.kind) {
    throw invalid(
      definition.name,
      `${definition.type.name} is the ${known.kind} ${known.name} already.`,
    );
  }
}
