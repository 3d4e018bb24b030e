type Part =
  | { readonly kind: 'any' }
  | { readonly kind: 'one' }
  | { readonly char: string; readonly kind: 'char' };

/** SQL's LIKE: `%` stands for any text, `_` for one character. In steps that grow with the text, whatever the pattern. */
export function likePattern(pattern: string, escape?: string): (text: string) => boolean {
  const parts = partsOf(pattern, escape);
  return (text) => matches(parts, Array.from(text));
}

function partsOf(pattern: string, escape: string | undefined): Part[] {
  const parts: Part[] = [];
  const characters = Array.from(pattern);
  for (let index = 0; index < characters.length; index++) {
    const char = characters[index] as string;
    if (char === escape && index + 1 < characters.length) {
      parts.push({ kind: 'char', char: characters[++index] as string });
    } else if (char === '%') parts.push({ kind: 'any' });
    else if (char === '_') parts.push({ kind: 'one' });
    else parts.push({ kind: 'char', char });
  }
  return parts;
}

function matches(parts: readonly Part[], text: readonly string[]): boolean {
  let part = 0;
  let lastAny = -1;
  let resumeAt = 0;
  for (let at = 0; at < text.length;) {
    const current = parts[part];
    if (current?.kind === 'any') {
      lastAny = part++;
      resumeAt = at;
    } else if (current?.kind === 'one' || (current?.kind === 'char' && current.char === text[at])) {
      part++;
      at++;
    } else if (lastAny >= 0) {
      // The last % swallows one character more. Never an earlier one: what lies before it has its match.
      part = lastAny + 1;
      at = ++resumeAt;
    } else {
      return false;
    }
  }
  return parts.slice(part).every(({ kind }) => kind === 'any');
}
