/**
 * Standard Schema v1 (standardschema.dev), as far as messages need it. Zod, Valibot, ArkType and others implement it,
 * so that a contract chooses its schema library and Busbar depends on none.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a validation says: issues, or the value. */
export type SchemaResult<Output = unknown> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** A schema of a message: it must come out as an object. */
export type MessageSchema = StandardSchema<unknown, object>;

/** What a schema makes of its input. */
export type OutputOf<Schema> = Schema extends {
  readonly '~standard': { readonly types?: infer Types };
}
  ? NonNullable<Types> extends { readonly output: infer Output extends object }
    ? Output
    : never
  : never;

/** Whether `value` is a Standard Schema. ArkType's are functions. */
export function isStandardSchema(value: unknown): value is MessageSchema {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    '~standard' in value &&
    typeof value['~standard'] === 'object'
  );
}
