import { BusbarError, type Headers, type MutableHeaders, asError } from '@busbar/core';

/** What the text of a row says. */
export interface StoredHeaders {
  /** As much as can be read. */
  readonly headers: Headers;
  /** Why that is not all. */
  readonly problem?: BusbarError;
}

/** Enough to see what was there; the reason goes into a header of the error copy. */
const longestExcerpt = 2_000;

/**
 * Reads the headers of a row. Anybody may have written them: whatever is no flat map of strings is told, and never thrown,
 * since one bad row must not keep those beside it from being claimed or listed.
 */
export function readHeaders(text: string): StoredHeaders {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    return { headers: {}, problem: unreadable(`no JSON: ${asError(error).message}`, text, error) };
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return { headers: {}, problem: unreadable('no object', text) };
  }
  for (const name in parsed) {
    if (typeof (parsed as Record<string, unknown>)[name] !== 'string') {
      const headers = withTexts(parsed);
      return { headers, problem: unreadable(`no strings: ${JSON.stringify(name)}`, text) };
    }
  }
  return { headers: parsed as Headers };
}

/** What is no string as its JSON, so that nothing of it is lost on the way to the error queue. */
function withTexts(parsed: object): MutableHeaders {
  return Object.fromEntries(
    Object.entries(parsed).map(([name, value]: [string, unknown]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
}

function unreadable(what: string, text: string, cause?: unknown): BusbarError {
  return new BusbarError(
    'UNDECODABLE',
    `The headers of the stored message are ${what}. They are ${text.slice(0, longestExcerpt)}.`,
    { cause },
  );
}
