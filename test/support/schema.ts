import type { SchemaIssue, StandardSchema } from '@busbar/core';

type Shape = Readonly<Record<string, 'string' | 'number'>>;

type Output<S extends Shape> = { [Key in keyof S]: S[Key] extends 'string' ? string : number };

/** A schema of flat objects. */
export function object<const S extends Shape>(shape: S): StandardSchema<unknown, Output<S>> {
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate(value) {
        const issues: SchemaIssue[] = Object.entries(shape)
          .filter(([key, type]) => typeof (value as Record<string, unknown>)[key] !== type)
          .map(([key, type]) => ({ message: `expected a ${type}`, path: [key] }));
        return issues.length > 0 ? { issues } : { value: value as Output<S> };
      },
    },
  };
}
