import type { SchemaIssue, StandardSchema } from '@busbar/core';

type Check = 'string' | 'number' | 'date';

interface Types {
  string: string;
  number: number;
  date: Date;
}

type Shape = Readonly<Record<string, Check>>;

export type Output<S extends Shape> = { [Key in keyof S]: Types[S[Key]] };

/** A schema of flat objects, with the habits of the libraries: it strips unknown keys, and reads dates from strings. */
export function object<const S extends Shape>(shape: S): StandardSchema<unknown, Output<S>> {
  return {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate(value) {
        const issues: SchemaIssue[] = [];
        const output: Record<string, unknown> = {};
        for (const [key, check] of Object.entries(shape)) {
          const found = (value as Record<string, unknown>)[key];
          const read = check === 'date' ? new Date(found as string) : found;
          const right =
            read instanceof Date ? !Number.isNaN(read.getTime()) : typeof read === check;
          if (right) output[key] = read;
          else issues.push({ message: `expected a ${check}`, path: [key] });
        }
        return issues.length > 0 ? { issues } : { value: output as Output<S> };
      },
    },
  };
}

/** The same, but its answer comes later. */
export function later<Value extends object>(
  schema: StandardSchema<unknown, Value>,
): StandardSchema<unknown, Value> {
  const { validate } = schema['~standard'];
  return {
    '~standard': { version: 1, vendor: 'test', validate: async (value) => validate(value) },
  };
}
