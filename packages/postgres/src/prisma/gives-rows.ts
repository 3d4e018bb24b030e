const known = new Map<string, boolean>();

/** Whether a statement gives rows: a `SELECT`, or one that ends in `RETURNING`; what stands within brackets does not count. */
export function givesRows(text: string): boolean {
  let gives = known.get(text);
  if (gives === undefined) {
    gives = looksLikeRows(text);
    known.set(text, gives);
  }
  return gives;
}

function looksLikeRows(text: string): boolean {
  let outside = text.replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"/g, '?');
  for (let before = ''; before !== outside;) {
    before = outside;
    outside = outside.replaceAll(/\([^()]*\)/g, ' ');
  }
  if (/\breturning\b/i.test(outside)) return true;
  // The first of these is the statement's own, after the names of a WITH.
  const verb = /\b(select|values|show|insert|update|delete|merge|create|alter|drop|set|do)\b/i;
  return /^(select|values|show)$/i.test(verb.exec(outside)?.[1] ?? '');
}
