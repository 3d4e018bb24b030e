import { invalidArgument } from '../../broker/broker-fault.ts';
import type {
  ActionStep,
  ArithmeticOperator,
  ComparisonOperator,
  Expression,
  PropertyReference,
} from './expression.ts';
import { TokenStream } from './token-stream.ts';
import { isSystemProperty } from './system-properties.ts';

/** Deeper ones would overflow the stack instead of being refused. */
const deepest = 64;

const reserved = new Set([
  'AND',
  'OR',
  'NOT',
  'IN',
  'IS',
  'LIKE',
  'ESCAPE',
  'EXISTS',
  'NULL',
  'TRUE',
  'FALSE',
]);

/** @throws BrokerFault */
export function parseCondition(text: string): Expression {
  const parser = new Parser(text);
  const condition = parser.expression();
  parser.end();
  return condition;
}

/** @throws BrokerFault */
export function parseAction(text: string): ActionStep[] {
  const parser = new Parser(text);
  const steps = parser.steps();
  parser.end();
  return steps;
}

class Parser {
  readonly #tokens: TokenStream;
  readonly #text: string;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = new TokenStream(text);
  }

  end(): void {
    if (this.#tokens.current.kind !== 'end') throw this.#tokens.unexpected('the end');
  }

  steps(): ActionStep[] {
    const steps: ActionStep[] = [];
    while (this.#tokens.current.kind !== 'end') {
      steps.push(this.#step());
      if (!this.#tokens.trySymbol(';')) break;
    }
    return steps;
  }

  expression(): Expression {
    if (++this.#depth > deepest) {
      throw invalidArgument(`The expression '${this.#text.slice(0, 80)}' is nested too deeply.`);
    }
    let left = this.#conjunction();
    while (this.#tokens.tryWord('OR')) left = { kind: 'or', left, right: this.#conjunction() };
    this.#depth--;
    return left;
  }

  #step(): ActionStep {
    if (this.#tokens.tryWord('SET')) {
      const property = this.#property();
      this.#tokens.expectSymbol('=');
      return { kind: 'set', property, value: this.#sum() };
    }
    this.#tokens.expectWord('REMOVE');
    const property = this.#property();
    if (property.scope === 'sys') {
      throw invalidArgument(`The system property '${property.name}' cannot be removed.`);
    }
    return { kind: 'remove', property };
  }

  #conjunction(): Expression {
    let left = this.#negation();
    while (this.#tokens.tryWord('AND')) left = { kind: 'and', left, right: this.#negation() };
    return left;
  }

  #negation(): Expression {
    let negated = false;
    while (this.#tokens.tryWord('NOT')) negated = !negated;
    const operand = this.#predicate();
    return negated ? { kind: 'not', operand } : operand;
  }

  #predicate(): Expression {
    const operand = this.#sum();
    const operator = this.#comparison();
    if (operator !== undefined) {
      return { kind: 'comparison', operator, left: operand, right: this.#sum() };
    }
    if (this.#tokens.tryWord('IS')) {
      const negated = this.#tokens.tryWord('NOT');
      this.#tokens.expectWord('NULL');
      return negate({ kind: 'isNull', operand }, negated);
    }
    const negated = this.#tokens.tryWord('NOT');
    if (this.#tokens.tryWord('IN')) {
      return negate({ kind: 'in', operand, list: this.#list() }, negated);
    }
    if (this.#tokens.tryWord('LIKE')) {
      const pattern = this.#sum();
      const escape = this.#tokens.tryWord('ESCAPE') ? this.#sum() : undefined;
      return negate({ kind: 'like', operand, pattern, escape }, negated);
    }
    if (negated) throw this.#tokens.unexpected('IN or LIKE');
    return operand;
  }

  #comparison(): ComparisonOperator | undefined {
    for (const operator of ['=', '<>', '!=', '<=', '>=', '<', '>'] as const) {
      if (this.#tokens.trySymbol(operator)) return operator === '!=' ? '<>' : operator;
    }
    return undefined;
  }

  #list(): Expression[] {
    this.#tokens.expectSymbol('(');
    const list = [this.#sum()];
    while (this.#tokens.trySymbol(',')) list.push(this.#sum());
    this.#tokens.expectSymbol(')');
    return list;
  }

  #sum(): Expression {
    return this.#chain(['+', '-'], () => this.#chain(['*', '/', '%'], () => this.#signed()));
  }

  #chain(operators: readonly ArithmeticOperator[], operand: () => Expression): Expression {
    let left = operand();
    for (;;) {
      const operator = operators.find((each) => this.#tokens.trySymbol(each));
      if (operator === undefined) return left;
      left = { kind: 'arithmetic', operator, left, right: operand() };
    }
  }

  #signed(): Expression {
    let negative = false;
    for (;;) {
      if (this.#tokens.trySymbol('-')) negative = !negative;
      else if (!this.#tokens.trySymbol('+')) break;
    }
    const operand = this.#primary();
    return negative ? { kind: 'negative', operand } : operand;
  }

  #primary(): Expression {
    const tokens = this.#tokens;
    if (tokens.trySymbol('(')) {
      const inner = this.expression();
      tokens.expectSymbol(')');
      return inner;
    }
    if (tokens.tryWord('NULL')) return { kind: 'literal', value: undefined };
    if (tokens.tryWord('TRUE')) return { kind: 'literal', value: true };
    if (tokens.tryWord('FALSE')) return { kind: 'literal', value: false };
    if (tokens.tryWord('EXISTS')) return { kind: 'exists', property: this.#inParentheses() };
    const { kind, text } = tokens.current;
    if (kind === 'string') return { kind: 'literal', value: unquote(tokens.take().text) };
    if (kind === 'number') return { kind: 'literal', value: Number(tokens.take().text) };
    if (kind === 'parameter') return { kind: 'parameter', name: tokens.take().text };
    if (kind === 'word' && /^(?:p|property)$/i.test(text) && tokens.nextIsSymbol('(')) {
      tokens.take();
      return this.#inParentheses();
    }
    if (kind === 'word' && /^newid$/i.test(text) && tokens.nextIsSymbol('(')) {
      tokens.take();
      tokens.expectSymbol('(');
      tokens.expectSymbol(')');
      return { kind: 'newId' };
    }
    return this.#property();
  }

  #inParentheses(): PropertyReference {
    this.#tokens.expectSymbol('(');
    const property = this.#property();
    this.#tokens.expectSymbol(')');
    return property;
  }

  #property(): PropertyReference {
    const first = this.#name();
    if (!this.#tokens.trySymbol('.')) return { kind: 'property', scope: 'user', name: first };
    const name = this.#name();
    const scope = first.toLowerCase();
    if (scope !== 'sys' && scope !== 'user') {
      throw invalidArgument(`The scope of '${first}.${name}' must be sys or user.`);
    }
    if (scope === 'sys' && !isSystemProperty(name)) {
      throw invalidArgument(`There is no system property '${name}'.`);
    }
    return { kind: 'property', scope, name };
  }

  #name(): string {
    const { kind, text } = this.#tokens.current;
    const isName = kind === 'quoted' || (kind === 'word' && !reserved.has(text.toUpperCase()));
    if (!isName) throw this.#tokens.unexpected('a property or a value');
    this.#tokens.take();
    return kind === 'quoted' ? unquote(text) : text;
  }
}

function negate(operand: Expression, negated: boolean): Expression {
  return negated ? { kind: 'not', operand } : operand;
}

function unquote(text: string): string {
  const closing = text.at(-1) ?? '';
  return text.slice(1, -1).replaceAll(closing + closing, closing);
}
