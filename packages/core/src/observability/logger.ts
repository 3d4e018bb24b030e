/**
 * A structural logger: fields first, then the sentence. A pino instance fits as it is.
 *
 * Every line that Busbar writes carries `endpoint`, and, where there is one, `messageId`, `messageType` and `code`.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The levels in rising order. */
export const logLevels = ['debug', 'info', 'warn', 'error'] as const;

/** A level of a log line. */
export type LogLevel = (typeof logLevels)[number];

/** Writes nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** `logger` with `fields` added to each line; the line's own fields win. */
export function withFields(logger: Logger, fields: object): Logger {
  return {
    debug: (own, message) => logger.debug({ ...fields, ...own }, message),
    info: (own, message) => logger.info({ ...fields, ...own }, message),
    warn: (own, message) => logger.warn({ ...fields, ...own }, message),
    error: (own, message) => logger.error({ ...fields, ...own }, message),
  };
}
