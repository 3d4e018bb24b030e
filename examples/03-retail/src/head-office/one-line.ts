/** `text` on one line of at most `length` characters: what a stranger wrote must not break the screen. */
export function oneLine(text: string, length: number): string {
  const line = text.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ');
  return line.length <= length ? line : `${line.slice(0, length - 1)}…`;
}
