import type { MessageDefinition } from './message-definition.ts';
import { isPending } from './pending.ts';
import type { MessageSchema, SchemaResult } from './standard-schema.ts';

/**
 * The schema of a derived event. Both schemas see the whole message; their outputs are merged, the own one on top. So
 * the own schema may describe what the derived event adds, or everything, unless it rejects properties that it does
 * not know. Where one of the two has no schema, its properties pass unchecked.
 */
export function inheritSchema(
  baseEvent: MessageDefinition | undefined,
  own: MessageSchema | undefined,
): MessageSchema | undefined {
  if (baseEvent === undefined) return own;
  const base = baseEvent.schema;
  if (base === undefined && own === undefined) return undefined;
  if (base === undefined)
    return merged((value) => ({ value: value as object }), validator(own as MessageSchema));
  if (own === undefined) return merged((value) => ({ value: value as object }), validator(base));
  return merged(validator(base), validator(own));
}

type Validator = (value: unknown) => SchemaResult<object> | Promise<SchemaResult<object>>;

function validator(schema: MessageSchema): Validator {
  return (value) => schema['~standard'].validate(value);
}

function merged(lower: Validator, upper: Validator): MessageSchema {
  return {
    '~standard': {
      version: 1,
      vendor: 'busbar',
      validate(value) {
        const first = lower(value);
        const second = upper(value);
        if (!isPending(first) && !isPending(second)) return merge(first, second);
        return Promise.all([first, second]).then(([one, two]) => merge(one, two));
      },
    },
  };
}

function merge(lower: SchemaResult<object>, upper: SchemaResult<object>): SchemaResult<object> {
  const issues = [...(lower.issues ?? []), ...(upper.issues ?? [])];
  if (lower.issues !== undefined || upper.issues !== undefined) return { issues };
  return { value: { ...lower.value, ...upper.value } };
}
