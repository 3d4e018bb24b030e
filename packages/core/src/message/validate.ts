import { BusbarError } from '../errors.ts';
import type { MessageDefinition } from './message-definition.ts';
import { isPending } from './pending.ts';
import type { SchemaIssue, SchemaResult } from './standard-schema.ts';

const maxIssues = 10;
const maxIssueLength = 200;

/**
 * Checks what was parsed from the wire against the schema of its type, if it has one. The result is what the schema made
 * of it; a promise only if the schema is asynchronous.
 *
 * @throws BusbarError MESSAGE_INVALID (or rejects with it)
 */
export function validate(
  definition: MessageDefinition,
  wireValue: unknown,
): object | Promise<object> {
  if (!isRecord(wireValue))
    throw invalid(definition, [{ message: `expected an object, got ${kindOf(wireValue)}` }]);
  if (definition.schema === undefined) return wireValue;
  let result: SchemaResult<object> | Promise<SchemaResult<object>>;
  try {
    result = definition.schema['~standard'].validate(wireValue);
  } catch (error) {
    throw schemaThrew(definition, error);
  }
  if (!isPending(result)) return accept(definition, result);
  return Promise.resolve(result).then(
    (settled) => accept(definition, settled),
    (error: unknown) => {
      throw schemaThrew(definition, error);
    },
  );
}

function accept(definition: MessageDefinition, result: SchemaResult<object>): object {
  if (result.issues !== undefined) throw invalid(definition, result.issues);
  if (isRecord(result.value)) return result.value;
  throw invalid(definition, [
    { message: `the schema made ${kindOf(result.value)} of it, not an object` },
  ]);
}

function invalid(definition: MessageDefinition, issues: readonly SchemaIssue[]): BusbarError {
  const lines = issueLines(issues);
  return new BusbarError(
    'MESSAGE_INVALID',
    `The message ${definition.name} is not valid: ${lines.join('; ')}.`,
    {
      details: { messageType: definition.name, issues: lines },
    },
  );
}

function schemaThrew(definition: MessageDefinition, cause: unknown): BusbarError {
  return new BusbarError(
    'MESSAGE_INVALID',
    `The schema of ${definition.name} threw instead of listing issues.`,
    {
      cause,
      details: { messageType: definition.name },
    },
  );
}

/** What is wrong with a value, a line each, cut to what fits a log line and a header. */
export function issueLines(issues: readonly SchemaIssue[]): readonly string[] {
  const lines = issues.slice(0, maxIssues).map(issueLine);
  return issues.length > maxIssues ? [...lines, `and ${issues.length - maxIssues} more`] : lines;
}

/** `lines[2].sku: expected a string`, cut to a length that fits a log line and a header. */
function issueLine(issue: SchemaIssue): string {
  let path = '';
  for (const segment of issue.path ?? []) {
    const key = typeof segment === 'object' ? segment.key : segment;
    path += typeof key === 'number' ? `[${key}]` : `${path === '' ? '' : '.'}${String(key)}`;
  }
  const line = path === '' ? issue.message : `${path}: ${issue.message}`;
  return line.length > maxIssueLength ? `${line.slice(0, maxIssueLength)}…` : line;
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value;
}
