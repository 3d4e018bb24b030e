import { type BusbarError, type TransportHost, asError } from '@busbar/core';

/** Logs what somebody has to mend, and tells the host's hook for critical errors, which may throw. */
export function reportCritical(
  { logger, onCritical }: Pick<TransportHost, 'logger' | 'onCritical'>,
  queue: string,
  error: BusbarError,
  what: string,
): void {
  logger.error({ queue, err: error }, what);
  try {
    onCritical(error);
  } catch (thrown) {
    logger.error({ queue, err: asError(thrown) }, 'The hook for critical errors threw');
  }
}
