import type { HandlerClass } from '../container/handler-container.ts';
import { BusbarError } from '../errors.ts';
import type { MessageDefinition } from '../message/message-definition.ts';
import type { AnyHandlerContext } from './handler-context.ts';
import { type HandlerDefinition, isHandlerDefinition } from './handler.ts';
import { readHandlerMethods } from './handler-methods.ts';

/** What goes into `handlers`: a class with `@handles` methods, or what `handler()` made. */
export type HandlerEntry = HandlerDefinition | HandlerClass;

/** A handler of one message type. */
export type HandlerBinding = FunctionBinding | ClassBinding;

interface Binding {
  /** For logs and failure headers, such as `PlaceOrderHandler.place`. */
  readonly name: string;
  readonly messageDefinition: MessageDefinition;
}

/** A handler that is a function. */
export interface FunctionBinding extends Binding {
  readonly kind: 'function';
  invoke(message: object, context: AnyHandlerContext): unknown;
}

/** A handler that is a method of a class; the container makes the instance. */
export interface ClassBinding extends Binding {
  readonly kind: 'class';
  readonly type: HandlerClass;
  readonly method: PropertyKey;
  invoke(instance: object, message: object, context: AnyHandlerContext): unknown;
}

const none: readonly HandlerBinding[] = Object.freeze([]);

/**
 * The handlers of an endpoint, by the messages that they handle.
 *
 * One message may have several handlers. They are called in the order in which they were registered, whichever type of
 * the message's chain they are for; within a class, in the order of its methods.
 */
export class HandlerRegistry {
  readonly #bindings: readonly HandlerBinding[];
  readonly #byName = new Map<string, readonly HandlerBinding[]>();
  /** For messages that have handlers for several types of their chain; the keys are lists of known names. */
  readonly #merged = new Map<string, readonly HandlerBinding[]>();

  /** @throws BusbarError INVALID_HANDLER, HANDLER_WITHOUT_METHODS */
  constructor(handlers: readonly HandlerEntry[]) {
    const seen = new Set<HandlerEntry>();
    this.#bindings = handlers.flatMap((entry, index) => {
      if (seen.has(entry)) throw registeredTwice(entry);
      seen.add(entry);
      return bindingsOf(entry, index);
    });
    for (const binding of this.#bindings) {
      const { name } = binding.messageDefinition;
      this.#byName.set(name, [...(this.#byName.get(name) ?? []), binding]);
    }
  }

  /** The handlers of a message with this chain of type names; empty when there are none. */
  bindingsFor(chain: readonly string[]): readonly HandlerBinding[] {
    if (chain.length === 1) return this.#byName.get(chain[0] as string) ?? none;
    const handled = chain.filter((name) => this.#byName.has(name));
    if (handled.length < 2) return this.#byName.get(handled[0] ?? '') ?? none;
    const key = handled.join(';');
    let merged = this.#merged.get(key);
    if (merged === undefined) {
      merged = this.#bindings.filter((binding) => handled.includes(binding.messageDefinition.name));
      this.#merged.set(key, merged);
    }
    return merged;
  }

  /** The message types that have handlers, each once, in the order of registration. */
  messageDefinitions(): readonly MessageDefinition[] {
    // Two classes of one name are two here, so that the registry of messages finds and refuses them.
    return [...new Set(this.#bindings.map((binding) => binding.messageDefinition))];
  }

  /** The handler classes, each once, in the order of registration. */
  classes(): readonly HandlerClass[] {
    return [
      ...new Set(
        this.#bindings.flatMap((binding) => (binding.kind === 'class' ? [binding.type] : [])),
      ),
    ];
  }

  /** All bindings, in the order of registration. */
  bindings(): readonly HandlerBinding[] {
    return this.#bindings;
  }
}

function bindingsOf(entry: HandlerEntry, index: number): readonly HandlerBinding[] {
  if (isHandlerDefinition(entry)) return [functionBinding(entry)];
  if (typeof entry === 'function' && entry.prototype === undefined) throw plainFunction(index);
  if (typeof entry === 'function')
    return readHandlerMethods(entry).map((method) => classBinding(entry, method));
  throw new BusbarError(
    'INVALID_HANDLER',
    `handlers[${index}] is ${entry === undefined ? 'undefined' : 'no handler'}.`,
    {
      ...(entry === undefined && {
        help: 'Most often a circular import: the module of the handler has not run yet.',
      }),
      details: { index },
    },
  );
}

function functionBinding({ name, messageDefinition, handle }: HandlerDefinition): FunctionBinding {
  return Object.freeze({
    kind: 'function' as const,
    name,
    messageDefinition,
    invoke: handle as (message: object, context: AnyHandlerContext) => unknown,
  });
}

function classBinding(
  type: HandlerClass,
  { method, messageDefinition }: { method: PropertyKey; messageDefinition: MessageDefinition },
): ClassBinding {
  return Object.freeze({
    kind: 'class' as const,
    name: `${type.name}.${String(method)}`,
    messageDefinition,
    type,
    method,
    invoke(instance: object, message: object, context: AnyHandlerContext): unknown {
      // Looked up at each call, so that a method that was replaced on the instance, by a test say, is the one called.
      const handle: unknown = (instance as Record<PropertyKey, unknown>)[method];
      if (typeof handle !== 'function') throw noMethod(type, method);
      return handle.call(instance, message, context);
    },
  });
}

function noMethod(type: HandlerClass, method: PropertyKey): BusbarError {
  return new BusbarError(
    'HANDLER_RESOLUTION_FAILED',
    `What the container gave for ${type.name} has no method '${String(method)}'.`,
    { help: `Bind ${type.name} to an instance of it.`, details: { handler: type.name } },
  );
}

function registeredTwice(entry: HandlerEntry): BusbarError {
  return new BusbarError('INVALID_HANDLER', `The handler ${entry.name} is registered twice.`, {
    help: 'Each message would be handled twice by it: leave one of the two out.',
    details: { handler: entry.name },
  });
}

function plainFunction(index: number): BusbarError {
  return new BusbarError(
    'INVALID_HANDLER',
    `handlers[${index}] is a function that names no message.`,
    {
      help: 'Wrap it: handler(Message, (message, context) => { … }).',
      details: { index },
    },
  );
}
