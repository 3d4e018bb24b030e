import { type LogLevel, type Logger, logLevels } from './logger.ts';

/** Options of {@link consoleLogger}. */
export interface ConsoleLoggerOptions {
  /** The lowest level that is written. @default 'info' */
  readonly level?: LogLevel;
}

/** One line of JSON per entry on standard error, so that standard output stays the program's own. */
export function consoleLogger(options: ConsoleLoggerOptions = {}): Logger {
  const lowest = logLevels.indexOf(options.level ?? 'info');
  const writer =
    (level: LogLevel) =>
    (fields: object, message: string): void => {
      if (logLevels.indexOf(level) < lowest) return;
      process.stderr.write(`${line(level, fields, message)}\n`);
    };
  return {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
  };
}

function line(level: LogLevel, fields: object, message: string): string {
  // A log line must never throw: a field that JSON refuses (a cycle, a BigInt) costs the fields, not the message.
  try {
    return JSON.stringify({ level, message, ...fields }, plainError);
  } catch {
    return JSON.stringify({ level, message, fields: 'not serializable' });
  }
}

function plainError(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const { name, message, stack } = value;
  return Object.assign({ name, message, stack }, value);
}
