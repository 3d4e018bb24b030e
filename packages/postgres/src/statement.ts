import { createHash } from 'node:crypto';
import type { SqlStatement, SqlValue } from './data-layer.ts';

/** A text that waits for its parameters. */
export type Prepared = (values: readonly SqlValue[]) => SqlStatement;

/** Names the text after `what` and itself, so that tables of two prefixes can be used through one connection. */
export function statement(what: string, text: string): Prepared {
  const name = `busbar_${what}_${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
  return (values) => ({ name, text, values });
}
