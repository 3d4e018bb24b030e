import { plain } from '../message/amqp-types.ts';
import type { MessageContent, PropertyName } from '../message/message-content.ts';
import type { Filter } from './filter.ts';
import type { SqlValue } from './sql/sql-value.ts';

export interface CorrelationFields {
  readonly properties: ReadonlyMap<PropertyName, string>;
  readonly applicationProperties: ReadonlyMap<string, SqlValue>;
}

/** Matches when every field that it names is equal in the message. */
export function correlationFilter(fields: CorrelationFields): Filter {
  return {
    kind: 'correlation',
    fields,
    matches: (content) =>
      [...fields.properties].every(([name, value]) => content.property(name) === value) &&
      [...fields.applicationProperties].every(([name, value]) => equals(content, name, value)),
  };
}

function equals(content: MessageContent, name: string, expected: SqlValue): boolean {
  const actual = plain(content.applicationProperties.get(name));
  if (expected instanceof Date) {
    return actual instanceof Date && actual.getTime() === expected.getTime();
  }
  return actual === expected;
}
