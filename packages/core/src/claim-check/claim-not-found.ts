import { BusbarError } from '../errors.ts';

/** What a store throws when the claim is not there. */
export function claimNotFound(claim: string, place: string, cause?: unknown): BusbarError {
  return new BusbarError('CLAIM_NOT_FOUND', `The claim ${claim} is not in ${place}.`, {
    details: { claim },
    ...(cause === undefined ? {} : { cause }),
  });
}
