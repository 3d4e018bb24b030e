import { invalidArgument } from '../broker/broker-fault.ts';
import { fixedLimits } from '../broker/limits.ts';
import { amqpTypes, type Typed } from '../message/amqp-types.ts';
import type { MessageContent } from '../message/message-content.ts';
import { evaluate } from './sql/evaluate.ts';
import { systemProperty } from './sql/system-properties.ts';
import { parseAction } from './sql/parse.ts';
import type { PropertyReference } from './sql/expression.ts';
import type { SqlParameters, SqlValue } from './sql/sql-value.ts';

/** Changes the copy of a message that a rule lets through. */
export interface RuleAction {
  readonly expression: string;
  readonly parameters: SqlParameters;
  apply(content: MessageContent): void;
}

/** @throws BrokerFault when the expression is none */
export function sqlAction(expression: string, parameters: SqlParameters = new Map()): RuleAction {
  if (expression.length > fixedLimits.sqlFilterLength) {
    throw invalidArgument(
      `The action has ${expression.length} characters; it may have ${fixedLimits.sqlFilterLength}.`,
    );
  }
  const steps = parseAction(expression);
  return {
    expression,
    parameters,
    apply: (content) => {
      for (const step of steps) {
        if (step.kind === 'remove') {
          content.removeApplicationProperty(step.property.name);
        } else {
          assign(content, step.property, evaluate(step.value, content, parameters));
        }
      }
    },
  };
}

function assign(
  content: MessageContent,
  property: PropertyReference,
  value: SqlValue | undefined,
): void {
  if (property.scope === 'sys') {
    content.setProperty(systemProperty(property.name), String(value ?? ''));
  } else {
    content.setApplicationProperty(property.name, typed(value));
  }
}

function typed(value: SqlValue | undefined): Typed {
  if (value === undefined) return amqpTypes.Null();
  if (value instanceof Date) return amqpTypes.wrap_timestamp(value.getTime());
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) ? amqpTypes.wrap_long(value) : amqpTypes.wrap_double(value);
  }
  return amqpTypes.wrap(value);
}
