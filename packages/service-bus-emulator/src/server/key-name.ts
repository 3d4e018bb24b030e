/** A shared access signature says by which key it was made. */
export function keyNameIn(token: unknown): string | undefined {
  const name = typeof token === 'string' ? /[&\s]skn=([^&]*)/.exec(token)?.[1] : undefined;
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    return name;
  }
}
