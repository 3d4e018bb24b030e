/** What a message is for: a command goes to its one owner, an event to all subscribers, a message is a reply or timeout. */
export type MessageKind = 'command' | 'event' | 'message';

/*
 * The keys of what the compiler knows about a message. Instances do not carry these properties: what is known at run
 * time is found by class, with `describeMessage`. Registered symbols keep two copies of the package in agreement.
 */

/** The kind of a message, in its type. */
export const messageKind: unique symbol = Symbol.for('busbar.message-kind');

/** The names of a message, in its type: its own, and those of the events that it extends. */
export const messageNames: unique symbol = Symbol.for('busbar.message-names');

/** What answers a command, in its type. */
export const messageReply: unique symbol = Symbol.for('busbar.message-reply');

/**
 * What makes an instance type a message of a kind. Messages of equal shape stay apart by their names, and a derived
 * event fits where its base is wanted, because it has both names.
 */
export interface MessageBrand<Kind extends MessageKind, Name extends string> {
  readonly [messageKind]: Kind;
  readonly [messageNames]: { readonly [K in Name]: true };
}

/**
 * The brand of a command. Merge it into a class that `@command('Name')` declares, since a decorator cannot change the
 * type of its class: `interface PlaceOrder extends CommandBrand<'Sales.PlaceOrder'> {}`.
 */
export interface CommandBrand<Name extends string, Reply = AnyReply> extends MessageBrand<
  'command',
  Name
> {
  readonly [messageReply]: Reply;
}

/** The brand of an event; see {@link CommandBrand} for its use with a class decorator. */
export interface EventBrand<Name extends string> extends MessageBrand<'event', Name> {}

/** The brand of a reply or timeout; see {@link CommandBrand} for its use with a class decorator. */
export interface ReplyBrand<Name extends string> extends MessageBrand<'message', Name> {}

/** Some names, known only when the program runs. */
interface SomeNames {
  readonly [name: string]: true;
}

/** Any command. */
export interface AnyCommand {
  readonly [messageKind]: 'command';
  readonly [messageNames]: SomeNames;
}

/** Any event. */
export interface AnyEvent {
  readonly [messageKind]: 'event';
  readonly [messageNames]: SomeNames;
}

/** Anything made by `Message()`: a reply or a timeout. */
export interface AnyReply {
  readonly [messageKind]: 'message';
  readonly [messageNames]: SomeNames;
}

/** A message of any kind. */
export type AnyMessage = AnyCommand | AnyEvent | AnyReply;

/** A class whose instances are messages. */
export type MessageType<M extends AnyMessage = AnyMessage> = abstract new (
  ...parameters: never[]
) => M;

/** The wire name of a message instance type; of a derived event also the names of its bases. */
export type NameOf<M extends AnyMessage> = Extract<keyof M[typeof messageNames], string>;

/** What answers `Command`: the declared reply, or any reply where none is declared. */
export type ReplyOf<Command> = Command extends { readonly [messageReply]: infer Reply }
  ? Reply
  : AnyReply;
