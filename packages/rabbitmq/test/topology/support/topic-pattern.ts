/** Whether a topic exchange lets a routing key pass a binding: `*` is one word, `#` any number of them. */
export function matches(pattern: string, key: string): boolean {
  return match(pattern.split('.'), key.split('.'));
}

function match([first, ...rest]: readonly string[], words: readonly string[]): boolean {
  if (first === undefined) return words.length === 0;
  if (first === '#') {
    return Array.from({ length: words.length + 1 }, (_, skipped) => skipped).some((skipped) =>
      match(rest, words.slice(skipped)),
    );
  }
  return words.length > 0 && (first === '*' || first === words[0]) && match(rest, words.slice(1));
}
