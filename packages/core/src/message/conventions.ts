import { BusbarError } from '../errors.ts';
import type { CommandBrand, EventBrand, ReplyBrand } from './message-brand.ts';
import {
  type DeclaredClass,
  type DeclareMessage,
  type PlainClass,
  command,
  event,
  message,
} from './plain-message.ts';

/** The names of the classes that a module exports. */
type ClassNames<Module> = Extract<
  { [Key in keyof Module]: Module[Key] extends PlainClass ? Key : never }[keyof Module],
  string
>;

/** Which exports of a module: a list of names, or all classes whose name ends so. */
type Selection<Module> = readonly ClassNames<Module>[] | { readonly suffix: string };

type Selected<Module, Chosen> = Chosen extends readonly (infer Name)[]
  ? Name
  : Chosen extends { readonly suffix: infer Suffix extends string }
    ? Extract<ClassNames<Module>, `${string}${Suffix}`>
    : never;

/** Which exports of a contracts module are messages, and how they are called on the wire. */
export interface Conventions<Prefix, Commands, Events, Replies> {
  /** Put before the name of the export to make the wire name, so that renaming an export is a breaking change. */
  readonly prefix: Prefix;
  readonly commands?: Commands;
  readonly events?: Events;
  readonly messages?: Replies;
}

type ConventionName<Prefix extends string, Key> = Key extends string ? `${Prefix}${Key}` : never;

/** The messages that the conventions found in a module, by the names of their exports. */
export type ConventionClasses<Module, Prefix extends string, Commands, Events, Replies> = {
  readonly [
    Key in Selected<Module, Commands | Events | Replies> & keyof Module
  ]: Module[Key] extends PlainClass
    ? DeclaredClass<
        Module[Key],
        Key extends Selected<Module, Commands>
          ? CommandBrand<ConventionName<Prefix, Key>>
          : Key extends Selected<Module, Events>
            ? EventBrand<ConventionName<Prefix, Key>>
            : ReplyBrand<ConventionName<Prefix, Key>>
      >
    : never;
};

/**
 * Declares classes of a contracts module that knows nothing of this package to be messages.
 *
 * ```ts
 * import * as contracts from '@acme/sales-contracts';
 * export const { PlaceOrder, OrderPlaced } = conventions(contracts, {
 *   prefix: 'Sales.',
 *   commands: ['PlaceOrder'],
 *   events: { suffix: 'Placed' },
 * });
 * ```
 *
 * @throws BusbarError INVALID_CONFIGURATION, INVALID_MESSAGE_NAME, INVALID_MESSAGE_OPTIONS
 */
export function conventions<
  const Prefix extends string,
  Module extends object,
  const Commands extends Selection<Module> = never,
  const Events extends Selection<Module> = never,
  const Replies extends Selection<Module> = never,
>(
  module: Module,
  rules: Conventions<Prefix, Commands, Events, Replies>,
): ConventionClasses<Module, Prefix, Commands, Events, Replies> {
  const classes: Record<string, unknown> = {};
  const add = (
    declare: (name: string) => DeclareMessage<unknown>,
    selection: Selection<Module> | undefined,
  ) => {
    for (const key of selection === undefined ? [] : select(module, selection)) {
      const type = (module as Record<string, unknown>)[key];
      if (typeof type !== 'function') throw noClass(key);
      classes[key] = declare(`${rules.prefix}${key}`)(type as PlainClass);
    }
  };
  add(command, rules.commands);
  add(event, rules.events);
  add(message, rules.messages);
  return classes as never;
}

function select(
  module: object,
  selection: readonly string[] | { readonly suffix: string },
): readonly string[] {
  if (!('suffix' in selection)) return selection;
  const found = Object.entries(module).filter(
    ([key, value]) => key.endsWith(selection.suffix) && isClass(value),
  );
  if (found.length > 0) return found.map(([key]) => key);
  throw new BusbarError(
    'INVALID_CONFIGURATION',
    `The module exports no class whose name ends in '${selection.suffix}'.`,
    {
      help: 'Correct the suffix, or leave that kind out of the conventions.',
    },
  );
}

function isClass(value: unknown): boolean {
  // Functions that can be called are writable at `prototype`, or have none.
  return (
    typeof value === 'function' &&
    Object.getOwnPropertyDescriptor(value, 'prototype')?.writable === false
  );
}

function noClass(key: string): BusbarError {
  return new BusbarError('INVALID_CONFIGURATION', `The module exports no class '${key}'.`, {
    help: 'Correct the name in the conventions; a name that exists can be undefined by a circular import.',
    details: { name: key },
  });
}
