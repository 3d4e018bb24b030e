import type {
  AnyReply,
  CommandBrand,
  EventBrand,
  MessageType,
  ReplyBrand,
} from './message-brand.ts';
import type { MessageDefinition, messageTemplate } from './message-definition.ts';
import type { MessageSchema, OutputOf } from './standard-schema.ts';

/** The payload of a message that has none. */
export interface NoPayload {}

/** The parameters of a message's constructor: nothing, where there is nothing to say. */
export type PayloadParameters<Payload> = [keyof Payload] extends [never]
  ? []
  : {} extends Payload
    ? [payload?: Payload]
    : [payload: Payload];

/** What the constructor of a message class takes. */
export type PayloadOf<Type> = Type extends abstract new (...parameters: infer Parameters) => unknown
  ? Parameters extends readonly []
    ? NoPayload
    : Exclude<Parameters[0], undefined>
  : never;

/** What the framework made, and so can extend: a class that carries its definition. */
interface GeneratedClass {
  readonly [messageTemplate]: MessageDefinition;
}

/** A class made by `Command()`, whose payload is given as a type argument. */
export interface CommandClass<Name extends string, Reply = AnyReply> extends GeneratedClass {
  new <Payload extends object = NoPayload>(
    ...parameters: PayloadParameters<Payload>
  ): CommandBrand<Name, Reply> & Payload;
}

/** A class made by `Command()`, whose payload comes from a schema. */
export interface SchemaCommandClass<
  Name extends string,
  Payload extends object,
  Reply = AnyReply,
> extends GeneratedClass {
  new (...parameters: PayloadParameters<Payload>): CommandBrand<Name, Reply> & Payload;
}

/** A class made by `Event()`, whose payload is given as a type argument, and added to that of its base. */
export interface EventClass<
  Name extends string,
  Base = unknown,
  BasePayload = NoPayload,
> extends GeneratedClass {
  new <Payload extends object = NoPayload>(
    ...parameters: PayloadParameters<BasePayload & Payload>
  ): EventBrand<Name> & Base & Payload;
}

/** A class made by `Event()`, whose payload comes from a schema, and is added to that of its base. */
export interface SchemaEventClass<
  Name extends string,
  Payload extends object,
  Base = unknown,
  BasePayload = NoPayload,
> extends GeneratedClass {
  new (...parameters: PayloadParameters<BasePayload & Payload>): EventBrand<Name> & Base & Payload;
}

/** A class made by `Message()`, whose payload is given as a type argument. */
export interface ReplyClass<Name extends string> extends GeneratedClass {
  new <Payload extends object = NoPayload>(
    ...parameters: PayloadParameters<Payload>
  ): ReplyBrand<Name> & Payload;
}

/** A class made by `Message()`, whose payload comes from a schema. */
export interface SchemaReplyClass<
  Name extends string,
  Payload extends object,
> extends GeneratedClass {
  new (...parameters: PayloadParameters<Payload>): ReplyBrand<Name> & Payload;
}

/** The class of an event that another event extends. */
export type BaseEventType = MessageType<EventBrand<never>> & GeneratedClass;

/** What `Command()` gives for these options. */
export type CommandClassOf<Name extends string, Schema extends MessageSchema, Reply> = [
  Schema,
] extends [never]
  ? CommandClass<Name, Reply>
  : SchemaCommandClass<Name, OutputOf<Schema>, Reply>;

/** What `Event()` gives for these options. */
export type EventClassOf<
  Name extends string,
  Schema extends MessageSchema,
  Base extends BaseEventType,
> = [Schema] extends [never]
  ? [Base] extends [never]
    ? EventClass<Name>
    : EventClass<Name, InstanceType<Base>, PayloadOf<Base>>
  : [Base] extends [never]
    ? SchemaEventClass<Name, OutputOf<Schema>>
    : SchemaEventClass<Name, OutputOf<Schema>, InstanceType<Base>, PayloadOf<Base>>;

/** What `Message()` gives for these options. */
export type ReplyClassOf<Name extends string, Schema extends MessageSchema> = [Schema] extends [
  never,
]
  ? ReplyClass<Name>
  : SchemaReplyClass<Name, OutputOf<Schema>>;
