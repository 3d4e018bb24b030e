import type { MessageContent } from '../message/message-content.ts';
import type { CorrelationFields } from './correlation-filter.ts';
import type { SqlParameters } from './sql/sql-value.ts';

/** Decides whether a subscription gets a message. */
export type Filter = { matches(content: MessageContent): boolean } & (
  | { readonly kind: 'true' | 'false' }
  | { readonly kind: 'sql'; readonly expression: string; readonly parameters: SqlParameters }
  | { readonly kind: 'correlation'; readonly fields: CorrelationFields }
);

export const trueFilter: Filter = { kind: 'true', matches: () => true };
export const falseFilter: Filter = { kind: 'false', matches: () => false };
