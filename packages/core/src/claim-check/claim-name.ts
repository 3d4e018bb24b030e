import { BusbarError } from '../errors.ts';

/** Letters, digits, `.`, `_` and `-`, not starting with a dot: no folder can be left with it and no file hidden. */
const claimName = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

/**
 * Refuses what is no plain name. The name comes from a header, which anybody who may write to the queue can set, so it
 * is checked before a store makes a path or a key of it.
 *
 * @throws BusbarError UNDECODABLE, which is not retried: no later attempt can read such a message either
 */
export function checkClaimName(claim: string): void {
  if (claimName.test(claim)) return;
  throw new BusbarError(
    'UNDECODABLE',
    `The claim ${JSON.stringify(claim.slice(0, 60))} is no name that this framework gives to a stored body.`,
    { details: { claim: claim.slice(0, 200) } },
  );
}
