const longest = 200;

/**
 * The text by which a correlation value is stored and compared; undefined for what is none. A text that a database cannot
 * hold, or would change, is none: two values must not become one.
 */
export function correlationText(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  const text = typeof value === 'bigint' ? String(value) : value;
  if (typeof text !== 'string' || text === '' || text.length > longest) return undefined;
  return text.isWellFormed() && !text.includes('\0') ? text : undefined;
}

/** A correlation value as the state holds it, which is JSON and has no bigint: as what the initial state has there. */
export function correlationState(text: string, value: unknown, initial: unknown): string | number {
  if (typeof initial === 'string') return text;
  if (typeof value === 'number') return value;
  return typeof initial === 'number' && String(Number(text)) === text ? Number(text) : text;
}

/** What was given instead, for an error. */
export function describeCorrelation(value: unknown): string {
  if (typeof value === 'string') {
    if (value === '') return 'an empty string';
    if (value.length > longest) return `a string of ${value.length} characters`;
    return 'a string with NUL or half a surrogate pair';
  }
  if (typeof value === 'number') return `the number ${value}`;
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value === 'object' ? 'an object' : typeof value;
}
