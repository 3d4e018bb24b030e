/** `undefined` stands for SQL's unknown wherever one of these is expected. */
export type SqlValue = string | number | boolean | Date;

export type SqlParameters = ReadonlyMap<string, SqlValue>;
