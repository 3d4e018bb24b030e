import { BusbarError } from '@busbar/core';
import { isUnknownOutcome } from '../store/writer.ts';
import { helpFor, sentenceFor, troubleOf } from '../store/store-errors.ts';

/** The error of a handler's own function, kept apart from those of the file, whatever code it carries. */
export class ChangeFailed extends Error {
  constructor(cause: unknown) {
    super('A function given to the storage threw', { cause });
  }
}

/**
 * What users of the persistence get: PERSISTENCE_UNAVAILABLE when it is the file that cannot be used, else the error as it
 * was thrown.
 */
export function persistenceError(file: string, thrown: unknown): unknown {
  if (thrown instanceof ChangeFailed) return thrown.cause;
  const trouble = troubleOf(thrown);
  if (trouble !== undefined) {
    const said = thrown instanceof Error ? ` (${thrown.message})` : '';
    return unavailable(`The file ${file} ${sentenceFor(trouble)}${said}.`, file, thrown, {
      help: helpFor(trouble),
    });
  }
  if (!(thrown instanceof BusbarError)) return thrown;
  if (thrown.code === 'TRANSPORT_UNAVAILABLE') {
    if (troubleOf(thrown.cause) !== undefined) return persistenceError(file, thrown.cause);
    return unavailable(`The file ${file} cannot be used.`, file, thrown, { help: thrown.help });
  }
  if (!isUnknownOutcome(thrown)) return thrown;
  return unavailable(
    `A commit to the file ${file} failed halfway; the next attempt finds out whether it took place.`,
    file,
    thrown,
  );
}

/** Whether an error says that the file cannot be used for now. */
export function isOutage(error: unknown): boolean {
  return error instanceof BusbarError && error.code === 'PERSISTENCE_UNAVAILABLE';
}

function unavailable(
  message: string,
  file: string,
  cause: unknown,
  options: { readonly help?: string } = {},
): BusbarError {
  return new BusbarError('PERSISTENCE_UNAVAILABLE', message, {
    ...options,
    cause,
    details: { file },
  });
}
