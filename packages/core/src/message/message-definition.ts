import { BusbarError } from '../errors.ts';
import type { AnyMessage, MessageKind, MessageType } from './message-brand.ts';
import { shared } from './package-copies.ts';
import type { MessageSchema } from './standard-schema.ts';

/** What is known about a message type. */
export interface MessageDefinition {
  /** The name on the wire. It never changes, whatever a minifier does to the class. */
  readonly name: string;
  readonly kind: MessageKind;
  readonly type: MessageType;
  /** What the wire form is checked against; of a derived event the schemas of its bases are part of it. */
  readonly schema?: MessageSchema;
  /** The name, then those of the events that it extends, most derived first. */
  readonly chain: readonly string[];
  /** Whether subscribers get the events of one partition key in the order of their publication. */
  readonly ordered: boolean;
  readonly timeToBeReceivedMs?: number;
  /** What answers the command, where that was declared. */
  readonly reply?: MessageType;
}

/** Where a generated class keeps its definition, and where the classes that extend it inherit it from. */
export const messageTemplate: unique symbol = Symbol.for('busbar.message');

/** By prototype, because an instance made from a received body may have an own property named `constructor`. */
const definitions = shared(
  'busbar.message-definitions',
  () => new WeakMap<object, MessageDefinition>(),
);

/** The definition of a message class, or of the class of a message. Undefined for everything else. */
export function describeMessage(classOrInstance: unknown): MessageDefinition | undefined {
  if (typeof classOrInstance === 'function') {
    return definitions.get(classOrInstance.prototype) ?? adopt(classOrInstance);
  }
  if (typeof classOrInstance !== 'object' || classOrInstance === null) return undefined;
  const prototype = Object.getPrototypeOf(classOrInstance) as object | null;
  if (prototype === null) return undefined;
  const known = definitions.get(prototype);
  if (known !== undefined) return known;
  const type: unknown = prototype.constructor;
  return typeof type === 'function' && type.prototype === prototype ? adopt(type) : undefined;
}

/**
 * The definition of a message class or message.
 *
 * @throws BusbarError NOT_A_MESSAGE
 */
export function definitionOf(classOrInstance: unknown): MessageDefinition {
  return describeMessage(classOrInstance) ?? refuse(classOrInstance);
}

/** Whether `value` is an instance of a message class. */
export function isMessage(value: unknown): value is AnyMessage {
  return typeof value === 'object' && describeMessage(value) !== undefined;
}

/** Makes `definition` the one of its class. */
export function define(definition: MessageDefinition): MessageDefinition {
  const frozen = Object.freeze({ ...definition, chain: Object.freeze([...definition.chain]) });
  definitions.set(frozen.type.prototype as object, frozen);
  return frozen;
}

/** The user's class takes the definition over from the generated class that it extends, when it is first looked up. */
function adopt(type: Function): MessageDefinition | undefined {
  const template = (type as Partial<Record<typeof messageTemplate, MessageDefinition>>)[
    messageTemplate
  ];
  // A class further down was not declared: on the wire it could not be told from the one that it extends.
  if (template === undefined || Object.getPrototypeOf(type) !== template.type) return undefined;
  return define({ ...template, type: type as unknown as MessageType });
}

/** The message that the bases of a class make of it: the nearest that is one. */
export function inheritedMessage(type: Function): MessageDefinition | undefined {
  const base: unknown = Object.getPrototypeOf(type);
  if (typeof base !== 'function') return undefined;
  return describeMessage(base) ?? inheritedMessage(base);
}

function refuse(value: unknown): never {
  if (value === undefined) {
    throw notAMessage(
      'A message class was expected, but it is undefined.',
      'undefined',
      'Most often a circular import: the module of the message has not run yet. Keep messages in modules that import no handlers.',
    );
  }
  const type = classOf(value);
  const name = type === undefined || type.name === '' ? typeof value : type.name;
  const inherited = type === undefined ? undefined : inheritedMessage(type);
  if (inherited !== undefined) {
    const base = inherited.type.name;
    throw notAMessage(
      `${name} extends the message ${inherited.name} but has no name of its own.`,
      name,
      `Declare it: class ${name} extends Event('…', { extends: ${base} }); or use ${base} itself.`,
    );
  }
  if (type === Object) {
    throw notAMessage(
      'A plain object is no message: it does not say which type it is of.',
      name,
      'Pass an instance: new PlaceOrder({ … }).',
    );
  }
  throw notAMessage(`${name} is no message type.`, name);
}

function classOf(value: unknown): Function | undefined {
  if (typeof value === 'function') return value;
  const type: unknown = typeof value === 'object' ? value?.constructor : undefined;
  return typeof type === 'function' ? type : undefined;
}

function notAMessage(message: string, type: string, help?: string): BusbarError {
  return new BusbarError('NOT_A_MESSAGE', message, {
    ...(help !== undefined && { help }),
    details: { type },
  });
}
