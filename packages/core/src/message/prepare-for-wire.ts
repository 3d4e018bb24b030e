import { BusbarError } from '../errors.ts';
import type { MessageDefinition } from './message-definition.ts';
import type { Serializer } from './serializer.ts';
import { validate } from './validate.ts';

/**
 * The body of a message. With a schema, what the receiver will read from the bytes is checked here already, so that the
 * mistake shows where it was made: a `Date` in a schema that wants a date, say, which JSON turns into a string. A promise
 * only if the schema is asynchronous.
 *
 * @throws BusbarError SERIALIZATION_FAILED, MESSAGE_INVALID (or rejects with it)
 */
export function prepareForWire(
  definition: MessageDefinition,
  instance: object,
  serializer: Serializer,
): Uint8Array | Promise<Uint8Array> {
  const body = serializer.serialize(instance);
  if (definition.schema === undefined) return body;
  const checked = validate(definition, readBack(definition, body, serializer));
  return checked instanceof Promise ? checked.then(() => body) : body;
}

function readBack(
  definition: MessageDefinition,
  body: Uint8Array,
  serializer: Serializer,
): unknown {
  try {
    return serializer.deserialize(body);
  } catch (cause) {
    throw new BusbarError(
      'SERIALIZATION_FAILED',
      `No receiver could read this ${definition.name} back.`,
      {
        cause,
        ...(cause instanceof BusbarError && { help: cause.message }),
        details: { messageType: definition.name },
      },
    );
  }
}
