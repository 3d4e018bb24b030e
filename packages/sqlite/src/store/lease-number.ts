/** A lease is the id of its holder and a number of the holder's own; together they fit the integers of a double. */
const leasesPerHolder = 2 ** 22;

export const largestHolderId = 2 ** 31 - 1;

/** Numbers come round again after four million claims, long after the message of the first was settled. */
export function leaseOf(holderId: number, number: number): number {
  return holderId * leasesPerHolder + (number % leasesPerHolder);
}

/** Who gave a lease. */
export function holderOf(lease: number): number {
  return Math.floor(lease / leasesPerHolder);
}

/** The first and the last lease that a holder can give. */
export function leasesOf(holderId: number): readonly [first: number, last: number] {
  return [leaseOf(holderId, 0), leaseOf(holderId, leasesPerHolder - 1)];
}
