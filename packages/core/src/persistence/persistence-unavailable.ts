import { BusbarError } from '../errors.ts';

/** The error of an attempt, or a start, that ended because the database is away. */
export function persistenceUnavailable(cause: Error): BusbarError {
  if (cause instanceof BusbarError && cause.code === 'PERSISTENCE_UNAVAILABLE') return cause;
  return new BusbarError(
    'PERSISTENCE_UNAVAILABLE',
    `The database of the persistence cannot be used: ${cause.message.replace(/\.$/, '')}.`,
    { cause },
  );
}
