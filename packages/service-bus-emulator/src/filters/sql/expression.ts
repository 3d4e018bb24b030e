import type { SqlValue } from './sql-value.ts';

export interface PropertyReference {
  readonly kind: 'property';
  readonly scope: 'sys' | 'user';
  readonly name: string;
}

export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';

export type Expression =
  | { readonly kind: 'literal'; readonly value: SqlValue | undefined }
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'newId' }
  | PropertyReference
  | { readonly kind: 'exists'; readonly property: PropertyReference }
  | { readonly kind: 'not' | 'negative'; readonly operand: Expression }
  | { readonly kind: 'isNull'; readonly operand: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | {
      readonly kind: 'comparison';
      readonly operator: ComparisonOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: 'in'; readonly operand: Expression; readonly list: readonly Expression[] }
  | {
      readonly kind: 'like';
      readonly operand: Expression;
      readonly pattern: Expression;
      readonly escape: Expression | undefined;
    };

export type ActionStep =
  | { readonly kind: 'set'; readonly property: PropertyReference; readonly value: Expression }
  | { readonly kind: 'remove'; readonly property: PropertyReference };
