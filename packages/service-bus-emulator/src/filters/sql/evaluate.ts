import { randomUUID } from 'node:crypto';
import { invalidArgument } from '../../broker/broker-fault.ts';
import { plain } from '../../message/amqp-types.ts';
import type { MessageContent } from '../../message/message-content.ts';
import { likePattern } from './like-pattern.ts';
import type {
  ArithmeticOperator,
  ComparisonOperator,
  Expression,
  PropertyReference,
} from './expression.ts';
import type { SqlParameters, SqlValue } from './sql-value.ts';
import { systemProperty } from './system-properties.ts';

type Result = SqlValue | undefined;

/** The value of an expression for a message; `undefined` is SQL's unknown. */
export function evaluate(
  expression: Expression,
  content: MessageContent,
  parameters: SqlParameters,
): Result {
  const value = (operand: Expression) => evaluate(operand, content, parameters);
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'parameter':
      return parameter(expression.name, parameters);
    case 'newId':
      return randomUUID();
    case 'property':
      return property(expression, content);
    case 'exists':
      return property(expression.property, content) !== undefined;
    case 'not':
      return not(value(expression.operand));
    case 'negative':
      return arithmetic('-', 0, value(expression.operand));
    case 'isNull':
      return value(expression.operand) === undefined;
    case 'and':
      return and(value(expression.left), value(expression.right));
    case 'or':
      return not(and(not(value(expression.left)), not(value(expression.right))));
    case 'comparison':
      return compare(expression.operator, value(expression.left), value(expression.right));
    case 'arithmetic':
      return arithmetic(expression.operator, value(expression.left), value(expression.right));
    case 'in':
      return isIn(value(expression.operand), expression.list.map(value));
    case 'like': {
      const { operand, pattern, escape } = expression;
      return like(value(operand), value(pattern), escape === undefined ? undefined : value(escape));
    }
  }
}

function parameter(name: string, parameters: SqlParameters): Result {
  const value = parameters.get(name);
  if (value === undefined) throw invalidArgument(`The parameter '${name}' has no value.`);
  return value;
}

function property({ scope, name }: PropertyReference, content: MessageContent): Result {
  if (scope === 'sys') return content.property(systemProperty(name));
  const value = plain(content.applicationProperties.get(name));
  const isValue =
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    value instanceof Date;
  return isValue ? value : undefined;
}

function not(value: Result): boolean | undefined {
  return typeof value === 'boolean' ? !value : undefined;
}

function and(left: Result, right: Result): boolean | undefined {
  if (left === false || right === false) return false;
  return left === true && right === true ? true : undefined;
}

function compare(operator: ComparisonOperator, left: Result, right: Result): boolean | undefined {
  const order = compareValues(left, right);
  if (order === undefined) return undefined;
  switch (operator) {
    case '=':
      return order === 0;
    case '<>':
      return order !== 0;
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

/** Values of different types are neither equal nor in any order: the comparison is unknown. */
function compareValues(left: Result, right: Result): number | undefined {
  if (left instanceof Date && right instanceof Date) return left.getTime() - right.getTime();
  if (left === undefined || typeof left !== typeof right || right === undefined) return undefined;
  return left === right ? 0 : left < right ? -1 : 1;
}

function arithmetic(operator: ArithmeticOperator, left: Result, right: Result): Result {
  if (operator === '+' && typeof left === 'string' && typeof right === 'string') {
    return left + right;
  }
  if (typeof left !== 'number' || typeof right !== 'number') return undefined;
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0 ? undefined : left / right;
    case '%':
      return right === 0 ? undefined : left % right;
  }
}

function isIn(value: Result, list: readonly Result[]): boolean | undefined {
  let unknown = false;
  for (const each of list) {
    const equal = compare('=', value, each);
    if (equal === true) return true;
    if (equal === undefined) unknown = true;
  }
  return unknown ? undefined : false;
}

function like(value: Result, pattern: Result, escape: Result): boolean | undefined {
  if (typeof value !== 'string' || typeof pattern !== 'string') return undefined;
  return likePattern(pattern, typeof escape === 'string' ? escape : undefined)(value);
}
