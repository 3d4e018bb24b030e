import { BusbarError } from '../errors.ts';
import type { MessageType } from './message-brand.ts';
import { type MessageDefinition, definitionOf } from './message-definition.ts';

/** The message types that an endpoint knows, by their wire names. */
export class MessageRegistry {
  readonly #byName = new Map<string, MessageDefinition>();

  constructor(types: Iterable<MessageType> = []) {
    for (const type of types) this.add(type);
  }

  /**
   * Makes a type known; once more is harmless.
   *
   * @throws BusbarError NOT_A_MESSAGE, DUPLICATE_MESSAGE_NAME
   */
  add(type: MessageType): MessageDefinition {
    const definition = definitionOf(type);
    const known = this.#byName.get(definition.name);
    if (known === undefined) {
      this.#byName.set(definition.name, definition);
    } else if (known.type !== definition.type) {
      throw new BusbarError(
        'DUPLICATE_MESSAGE_NAME',
        `Two classes have the message name ${definition.name}: ${known.type.name} and ${definition.type.name}.`,
        { details: { messageType: definition.name } },
      );
    }
    return definition;
  }

  find(name: string): MessageDefinition | undefined {
    return this.#byName.get(name);
  }

  /** The first of these names that is known. A message lists its types with the most derived first. */
  resolve(enclosedTypes: readonly string[]): MessageDefinition | undefined {
    for (const name of enclosedTypes) {
      const definition = this.#byName.get(name);
      if (definition !== undefined) return definition;
    }
    return undefined;
  }

  definitions(): readonly MessageDefinition[] {
    return [...this.#byName.values()];
  }
}
