import { asError } from '../errors.ts';
import { guardedCall } from './guarded-call.ts';
import type { LogLevel, Logger } from './logger.ts';

/**
 * `logger`, but it never throws: a log that is full or broken must not fail messages. The first time is told as a warning
 * of the process.
 */
export function guardedLogger(logger: Logger): Logger {
  let warned = false;
  const warnOnce = (error: unknown): void => {
    if (warned) return;
    warned = true;
    process.emitWarning(`The logger threw: ${asError(error).message}`, 'BusbarWarning');
  };
  const guard =
    (level: LogLevel) =>
    (fields: object, message: string): void => {
      guardedCall(() => logger[level](fields, message), warnOnce);
    };
  return {
    debug: guard('debug'),
    info: guard('info'),
    warn: guard('warn'),
    error: guard('error'),
  };
}
