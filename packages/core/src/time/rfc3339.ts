/** With the years beyond 9999 that `Date` writes. */
const form = /^(?:\d{4}|[+-]\d{6})-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/i;

/**
 * Wall-clock milliseconds of an RFC 3339 time; undefined when `text` is none. `Date.parse` alone takes nearly anything for
 * a time, `"3"` for a day in 2001 say, and a message would expire by it.
 */
export function parseRfc3339(text: string): number | undefined {
  if (!form.test(text)) return undefined;
  const time = Date.parse(text.toUpperCase());
  return Number.isNaN(time) ? undefined : time;
}
