/** Keeps large bodies outside the message. Implementations are safe for concurrent use. */
export interface ClaimStore {
  readonly name: string;
  /**
   * Stores the body durably before it resolves.
   *
   * @param claim A name that is unique and safe in file names and keys.
   * @param expiresAt Wall-clock milliseconds after which nobody will ask for it, where that is known.
   */
  put(claim: string, body: Uint8Array, expiresAt?: number): Promise<void>;
  /** @throws BusbarError CLAIM_NOT_FOUND when the claim is not there. */
  get(claim: string): Promise<Uint8Array>;
}

/** A store that can be asked to remove what has expired; some brokers' stores do it by themselves. */
export interface ExpiringClaimStore extends ClaimStore {
  /** Removes bodies whose `expiresAt` has passed and resolves to how many there were. May run while others put and get. */
  removeExpired(): Promise<number>;
}
