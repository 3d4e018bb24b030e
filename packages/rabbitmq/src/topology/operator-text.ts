/** A regular expression that matches a name and nothing else; a letter beyond ASCII needs no escape. */
export function literalPattern(name: string): string {
  return name.replaceAll(/[^\w\u0080-\u{10FFFF}-]/gu, String.raw`\$&`);
}

/** Words of a command as a shell takes them. */
export function shellWords(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
}
