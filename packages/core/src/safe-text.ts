/**
 * What `read` gives, as text, whatever it is: errors of foreign code have messages that are objects, stacks that are
 * missing and getters that throw, and none of it may keep a failed message from its way.
 */
export function safeText(read: () => unknown, fallback: string): string {
  try {
    const value = read();
    if (typeof value === 'string') return value;
    if (value === undefined || value === null) return fallback;
    return JSON.stringify(value) ?? fallback;
  } catch {
    return fallback;
  }
}
