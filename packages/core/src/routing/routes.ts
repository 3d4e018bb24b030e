import type { AnyCommand, MessageType, NameOf } from '../message/message-brand.ts';
import type { MessageDefinition } from '../message/message-definition.ts';

/** Where a value of routes keeps, in its type, the names of the commands that it routes. */
declare const routedNames: unique symbol;

/** Which endpoint owns which command. Made by `defineRoutes`. */
export interface Routes<Names extends string = string> {
  /** Only the compiler sees it. */
  readonly [routedNames]: Names;
  /** The endpoint that owns the command of this name. */
  destinationOf(commandName: string): string | undefined;
  /** The endpoints, in the order in which they were written. */
  destinations(): readonly string[];
  /** The routed commands, in the order in which they were written. */
  commands(): readonly MessageDefinition[];
}

/** Routes of which the compiler knows nothing: every command is let through, and checked when it is sent. */
export type AnyRoutes = Routes;

/** The names of the commands that `R` routes. */
export type RoutedNames<R extends AnyRoutes> = R[typeof routedNames];

/**
 * `Command` if it is in the routes. Otherwise a type that no command fits, and that says why; for what is no command at
 * all that is {@link AnyCommand}.
 */
export type RoutedCommand<R extends AnyRoutes, Command> = Command extends AnyCommand
  ? [NameOf<Command>] extends [RoutedNames<R>]
    ? Command
    : UnroutedCommand<NameOf<Command>>
  : AnyCommand;

/** Stands in compiler errors where a command has no route. */
export interface UnroutedCommand<Name extends string> {
  readonly 'This command is not in the routes: add it to defineRoutes(), or name a destination in the options': Name;
}

/** Stands in compiler errors where two endpoints own one command. */
export interface CommandWithTwoOwners<Name extends string, Owner> {
  readonly 'This command has another owner too: leave it with one endpoint': Name;
  readonly owner: Owner;
}

/** Endpoints, each with the commands that it owns. */
export type RouteTable = Readonly<Record<string, readonly MessageType<AnyCommand>[]>>;

type NameOfType<Type> = Type extends MessageType<infer M> ? NameOf<M> : never;

/** The names in one row of a table, or in the rows of several endpoints. */
export type NamesIn<
  Table extends RouteTable,
  Endpoints extends keyof Table = keyof Table,
> = NameOfType<Table[Endpoints][number]>;

/** The endpoints that own a command of this name. */
type OwnersOf<Table extends RouteTable, Name> = {
  [Endpoint in keyof Table]: Name extends NamesIn<Table, Endpoint> ? Endpoint : never;
}[keyof Table];

/** `Table`, with an error type in the place of each command that another endpoint owns too. */
export type SingleOwners<Table extends RouteTable> = {
  readonly [Endpoint in keyof Table]: {
    readonly [Index in keyof Table[Endpoint]]: Exclude<
      OwnersOf<Table, NameOfType<Table[Endpoint][Index]>>,
      Endpoint
    > extends infer Other
      ? [Other] extends [never]
        ? Table[Endpoint][Index]
        : CommandWithTwoOwners<NameOfType<Table[Endpoint][Index]>, Other>
      : never;
  };
};
