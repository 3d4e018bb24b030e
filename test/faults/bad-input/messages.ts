import {
  Command,
  Event,
  type HandlerEntry,
  Message,
  type MessageType,
  type StandardSchema,
  definitionOf,
  handler,
} from '@busbar/core';
import { object } from '../../support/schema.ts';

interface Order {
  readonly id: string;
  readonly amount: number;
}

const schema = object({ id: 'string', amount: 'number' });

const asyncSchema: StandardSchema<unknown, Order> = {
  '~standard': {
    ...schema['~standard'],
    validate: async (value) => schema['~standard'].validate(value),
  },
};

export class Plain extends Command('Bad.Plain')<Record<string, unknown>> {}
export class Checked extends Command('Bad.Checked', schema) {}
export class CheckedLater extends Command('Bad.CheckedLater', asyncSchema) {}
export class Base extends Event('Bad.Base')<Record<string, unknown>> {}
export class Derived extends Event('Bad.Derived', { extends: Base }) {}
export class Ask extends Command('Bad.Ask')<Record<string, unknown>> {}
export class Answer extends Message('Bad.Answer')<{ yes: boolean }> {}
export class Picky extends Command('Bad.Picky')<{ a?: { b?: { c?: unknown } } }> {}
export class Unhandled extends Command('Bad.Unhandled')<Record<string, unknown>> {}
export class Good extends Command('Bad.Good', schema) {}

export const typesByName: ReadonlyMap<string, MessageType> = new Map(
  [Plain, Checked, CheckedLater, Base, Derived, Ask, Picky, Good].map((type) => [
    definitionOf(type).name,
    type,
  ]),
);

export const unhandledTypes: readonly MessageType[] = [Derived, Unhandled, Answer];

/** What a handler got, by the case that the message belongs to. */
export interface Handled {
  readonly type: MessageType;
  readonly message: object;
}

export function handlersFor(
  note: (trackingId: string, handled: Handled) => void,
): readonly HandlerEntry[] {
  const noting = (type: MessageType, message: object, headers: Readonly<Record<string, string>>) =>
    note(headers[trackingHeader] ?? '', { type, message });
  return [
    handler(Plain, (message, { headers }) => noting(Plain, message, headers)),
    handler(Checked, (message, { headers }) => noting(Checked, message, headers)),
    handler(CheckedLater, (message, { headers }) => noting(CheckedLater, message, headers)),
    handler(Base, (message, { headers }) => noting(Base, message, headers)),
    handler(Good, (message, { headers }) => noting(Good, message, headers)),
    handler(Ask, async (message, context) => {
      noting(Ask, message, context.headers);
      await context.reply(new Answer({ yes: true }));
    }),
    handler(Picky, (message, { headers }) => {
      // As the code of users does that trusts its senders.
      void message.a!.b!.c;
      noting(Picky, message, headers);
    }),
  ];
}

/** By which the test knows its cases again; foreign to the framework. */
export const trackingHeader = 'x-case';
