const copies = shared('busbar.copies', () => new Set<string>());
copies.add(import.meta.url);

/**
 * A value that all copies of this package in the process have in common, so that a message class made with one is a
 * message to the other. Change the name together with the shape of the value.
 */
export function shared<T extends object>(name: string, create: () => T): T {
  const slots = globalThis as unknown as Record<symbol, T | undefined>;
  const symbol = Symbol.for(name);
  const known = slots[symbol];
  if (known !== undefined) return known;
  const value = create();
  Object.defineProperty(globalThis, symbol, { value });
  return value;
}

/** The copies of this package that run in this process; more than one makes strange errors, so they are named there. */
export function packageCopies(): readonly string[] {
  return [...copies];
}
