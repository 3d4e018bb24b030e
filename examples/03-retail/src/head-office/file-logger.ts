import { appendFileSync } from 'node:fs';
import { type Logger, asError } from '@busbar/core';

/** JSON lines into a file, so that the screen stays the user's. */
export function fileLogger(file: string): Logger {
  const writer =
    (level: string) =>
    (fields: object, message: string): void => {
      const { err, ...others } = fields as { readonly err?: unknown };
      const error = err === undefined ? {} : { error: asError(err).stack };
      appendFileSync(file, `${JSON.stringify({ level, message, ...others, ...error })}\n`);
    };
  return {
    debug() {},
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
  };
}
