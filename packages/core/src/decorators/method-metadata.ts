import { shared } from '../message/package-copies.ts';

/** Something that a decorator learned about a method. */
export interface MethodNote<Note> {
  readonly method: PropertyKey;
  readonly note: Note;
}

/** Where a method decorator keeps what it learns, and from where it is read when the class is known. */
export interface MethodMetadata<Note> {
  /** Notes something about a method of the class whose constructor (legacy) or metadata object (standard) `owner` is. */
  add(owner: object, method: PropertyKey, note: Note): void;
  /**
   * What is known about the methods of a class: its bases' first, each in the order of their source. A class that
   * decorates an inherited method anew replaces what its bases said about that method.
   */
  read(type: Function): readonly MethodNote<Note>[];
}

/**
 * Metadata of one decorator. It is kept beside the classes, never on them, and all copies of this package share it. The
 * key is the constructor with legacy decorators and the metadata object with standard ones.
 */
export function methodMetadata<Note>(name: string): MethodMetadata<Note> {
  const notes = shared(`busbar.${name}`, () => new WeakMap<object, MethodNote<Note>[]>());
  return {
    add(owner, method, note) {
      const known = notes.get(owner);
      if (known === undefined) notes.set(owner, [{ method, note }]);
      else known.push({ method, note });
    },
    read(type) {
      let found: MethodNote<Note>[] = [];
      for (const owner of [...classChain(type)].reverse()) {
        const own = notes.get(owner) ?? [];
        const redecorated = new Set(own.map(({ method }) => method));
        found = [...found.filter(({ method }) => !redecorated.has(method)), ...own];
      }
      return found;
    },
  };
}

/** The class and its bases, and the metadata object of each. */
export function* classChain(type: Function): Iterable<object> {
  for (
    let current: unknown = type;
    typeof current === 'function';
    current = Object.getPrototypeOf(current)
  ) {
    yield current;
    const symbol: symbol | undefined = Symbol.metadata;
    const metadata =
      symbol === undefined ? undefined : Object.getOwnPropertyDescriptor(current, symbol)?.value;
    if (typeof metadata === 'object' && metadata !== null) yield metadata as object;
  }
}
