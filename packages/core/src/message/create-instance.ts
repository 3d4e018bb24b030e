import type { AnyMessage } from './message-brand.ts';
import type { MessageDefinition } from './message-definition.ts';

/**
 * An instance of the message's class with the properties of `parsed`, made without running its constructor.
 *
 * The properties are defined, never assigned: no setter of the class runs on what came from the wire, and a property
 * named `__proto__` or `constructor` is just that, and changes no prototype. `parsed` is left as it is.
 */
export function createInstance(definition: MessageDefinition, parsed: object): AnyMessage {
  // In a literal `__proto__:` sets the prototype, while spreading defines; faster than a loop, and nothing to get wrong.
  return { __proto__: definition.type.prototype as object, ...parsed } as unknown as AnyMessage;
}
