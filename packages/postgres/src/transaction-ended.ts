import { BusbarError } from '@busbar/core';

/** The error of a session whose handler ended the transaction by the means of its library. */
export function transactionEnded(): BusbarError {
  return new BusbarError(
    'TRANSACTION_ENDED',
    'A handler ended the transaction of its message, which the endpoint still needs.',
  );
}
