import { invalidArgument } from '../broker/broker-fault.ts';
import { fixedLimits } from '../broker/limits.ts';
import type { Filter } from './filter.ts';
import { evaluate } from './sql/evaluate.ts';
import { parseCondition } from './sql/parse.ts';
import type { SqlParameters } from './sql/sql-value.ts';

/** @throws BrokerFault when the expression is none */
export function sqlFilter(expression: string, parameters: SqlParameters = new Map()): Filter {
  if (expression.length > fixedLimits.sqlFilterLength) {
    throw invalidArgument(
      `The filter has ${expression.length} characters; it may have ${fixedLimits.sqlFilterLength}.`,
    );
  }
  const condition = parseCondition(expression);
  return {
    kind: 'sql',
    expression,
    parameters,
    // Unknown, as in SQL, is no match.
    matches: (content) => evaluate(condition, content, parameters) === true,
  };
}
