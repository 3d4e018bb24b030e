import { BusbarError } from '../errors.ts';

/** The error of a transaction that the database ended for the sake of another one. */
export function transactionConflict(cause: Error): BusbarError {
  if (cause instanceof BusbarError && cause.code === 'TRANSACTION_CONFLICT') return cause;
  return new BusbarError(
    'TRANSACTION_CONFLICT',
    `The transaction lost against another one: ${cause.message.replace(/\.$/, '')}.`,
    { cause },
  );
}
