import type { TransportOperation } from '../transport/operations.ts';

/**
 * The outgoing messages that were committed and may not have been dispatched, of one endpoint and all its instances.
 *
 * Times are by the clock of the store, which all instances share.
 */
export interface OutboxStore {
  /**
   * Notes that everything of the record was dispatched. Returns at once and may batch: a crash before it is noted costs a
   * repeated dispatch with the same ids, never a loss. `close` waits for what is left.
   */
  markDispatched(record: string): void;
  /** Replaces the operations of a record by those that are still to dispatch, for the relay, not before `afterMs`. */
  keep(record: string, operations: readonly TransportOperation[], afterMs: number): Promise<void>;
  /**
   * Takes records that nobody sends: those that were seen undispatched for `graceMs` after their commit, and those whose
   * holder let `leaseMs` pass. Of two callers at the same time each record goes to one; neither waits for the other.
   */
  claim(request: ClaimRequest): Promise<readonly OutboxRecord[]>;
  /**
   * Takes the oldest operations of a partition key, in the order of their commits, unless somebody else has taken that
   * key. Without `key` it takes any whose oldest operation nobody sends, as {@link OutboxStore.claim} has it.
   */
  claimLane(request: LaneRequest): Promise<OutboxLane | undefined>;
  /**
   * Removes the first `sent` operations of the lane and gives the key free; not before `afterMs`, if there are more and it
   * is not 0. A lane that somebody else has taken since, because its lease had passed, is theirs: then nothing is done.
   * Pauses are never longer than some minutes.
   */
  settleLane(lane: OutboxLane, sent: number, afterMs: number): Promise<void>;
  /**
   * Forgets handled messages after the time for which the persistence keeps them; never one with operations to dispatch.
   * Works in small batches that hold up nobody. Returns how many were forgotten; ends early when `signal` fires.
   */
  forget(signal: AbortSignal): Promise<number>;
  /** How many operations wait that nobody sends, and for how long the oldest has: for health. */
  backlog(): Promise<OutboxBacklog>;
}

/** See {@link OutboxStore.claim}. */
export interface ClaimRequest {
  readonly limit: number;
  readonly graceMs: number;
  readonly leaseMs: number;
}

/** See {@link OutboxStore.claimLane}. */
export interface LaneRequest extends ClaimRequest {
  readonly key?: string;
}

/** Operations that one transaction stored. */
export interface OutboxRecord {
  readonly record: string;
  readonly operations: readonly TransportOperation[];
}

/** Operations of one partition key, in the order of their commits. */
export interface OutboxLane {
  readonly key: string;
  /** Knows the claim; the store's own. */
  readonly claim: string;
  readonly operations: readonly TransportOperation[];
}

/** See {@link OutboxStore.backlog}. */
export interface OutboxBacklog {
  /** Records and lane operations. */
  readonly waiting: number;
  readonly oldestMs: number;
}
