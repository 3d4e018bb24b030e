/** When the transaction began, as a number of microseconds: what tells a transaction from the next on its connection. */
export const begun = `(extract(epoch FROM transaction_timestamp()) * 1000000)::bigint`;

/**
 * A condition that fails with {@link guardState} outside of the transaction that began then: a handler may have ended it,
 * and a statement of ours would be committed by itself.
 */
export function within(parameter: string): string {
  return `1 / (${begun} = ${parameter}::bigint)::integer = 1`;
}

/** SQLSTATE of a division by zero, which is the shortest way for a plain statement to fail. */
export const guardState = '22012';
