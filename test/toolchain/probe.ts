/** What a decorator was given, by which the compiler that prepared it can be told. */
export interface Observed {
  readonly mode: 'legacy' | 'standard';
  readonly paramTypes: unknown;
}

export const observed = new Map<string, Observed>();

type AnyMethod = (...args: never[]) => unknown;

interface ProbeDecorator {
  (value: AnyMethod, context: ClassMethodDecoratorContext): void;
  (target: object, key: string, descriptor: PropertyDescriptor): void;
}

type ReflectWithMetadata = typeof Reflect & {
  metadata?: (key: string, value: unknown) => (target: object, property: string) => void;
};

const paramTypes = new WeakMap<object, unknown>();

// Stands in for reflect-metadata, which a compiler calls by this name and only if it was told to.
(Reflect as ReflectWithMetadata).metadata ??= (key, value) => (target) => {
  if (key === 'design:paramtypes') paramTypes.set(target, value);
};

export function probe(name: string): ProbeDecorator {
  return (first: object, second: string | ClassMethodDecoratorContext): void => {
    const standard = typeof second === 'object';
    observed.set(name, {
      mode: standard ? 'standard' : 'legacy',
      // Metadata is applied by the decorator after this one, so it is there already.
      paramTypes: standard ? undefined : paramTypes.get(first),
    });
  };
}
