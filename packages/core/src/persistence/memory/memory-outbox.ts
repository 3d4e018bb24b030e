import { BusbarError } from '../../errors.ts';
import { decodeOperations, encodeOperations } from '../../outbox/stored-operation.ts';
import type { Clock } from '../../time/clock.ts';
import type { TransportOperation } from '../../transport/operations.ts';
import type {
  ClaimRequest,
  LaneRequest,
  OutboxBacklog,
  OutboxLane,
  OutboxRecord,
  OutboxStore,
} from '../outbox-store.ts';

/** Longer than any pause between two attempts, in milliseconds. */
const longestPauseMs = 600_000;

interface StoredRecord {
  /** JSON, as a database would hold it: what does not survive that shows in the first test. */
  operations: string;
  readonly createdAt: number;
  /** Undefined until it was seen undispatched. */
  claimableAt: number | undefined;
}

interface LaneRow {
  readonly operation: string;
  readonly createdAt: number;
  /** Whether nobody but the relay sends it. */
  readonly joined: boolean;
}

interface Lane {
  readonly rows: LaneRow[];
  claim: string | undefined;
  /** Of the claim, or of the pause after a failure. */
  busyUntil: number;
}

/** What is known of a handled message. */
export interface HandledMessage {
  readonly record: string | undefined;
  readonly at: number;
}

/** What one endpoint has handled and has still to dispatch. */
export class MemoryOutbox {
  readonly handled = new Map<string, HandledMessage>();
  readonly records = new Map<string, StoredRecord>();
  readonly lanes = new Map<string, Lane>();
  #serial = 0;

  /** Stores the operations, and what belongs to no key as a record. */
  store(
    operations: readonly TransportOperation[],
    now: number,
    joined: boolean,
  ): string | undefined {
    const direct = operations.filter(({ partitionKey }) => partitionKey === undefined);
    for (const operation of operations) {
      if (operation.partitionKey === undefined) continue;
      const lane = this.#lane(operation.partitionKey);
      lane.rows.push({ operation: encodeOperations([operation]), createdAt: now, joined });
    }
    if (direct.length === 0) return undefined;
    const record = this.nextName();
    this.records.set(record, {
      operations: encodeOperations(direct),
      createdAt: now,
      claimableAt: joined ? -Infinity : undefined,
    });
    return record;
  }

  nextName(): string {
    this.#serial += 1;
    return String(this.#serial);
  }

  #lane(key: string): Lane {
    let lane = this.lanes.get(key);
    if (lane === undefined) {
      lane = { rows: [], claim: undefined, busyUntil: -Infinity };
      this.lanes.set(key, lane);
    }
    return lane;
  }
}

/** The outbox of one endpoint, as one of its instances sees it. */
export class MemoryOutboxStore implements OutboxStore {
  readonly #outbox: MemoryOutbox;
  readonly #clock: Clock;
  readonly #keepMs: number;

  constructor(outbox: MemoryOutbox, clock: Clock, keepMs: number) {
    this.#outbox = outbox;
    this.#clock = clock;
    this.#keepMs = keepMs;
  }

  markDispatched(record: string): void {
    this.#outbox.records.delete(record);
  }

  keep(record: string, operations: readonly TransportOperation[], afterMs: number): Promise<void> {
    const stored = this.#outbox.records.get(record);
    if (stored !== undefined) {
      stored.operations = encodeOperations(operations);
      stored.claimableAt = this.#clock.now() + afterMs;
    }
    return Promise.resolve();
  }

  claim(request: ClaimRequest): Promise<readonly OutboxRecord[]> {
    const { limit, graceMs, leaseMs } = request;
    const now = this.#clock.now();
    const claimed: OutboxRecord[] = [];
    for (const [record, stored] of this.#outbox.records) {
      // In memory a commit takes no time, so what is old enough was committed long enough ago.
      stored.claimableAt ??= stored.createdAt + graceMs;
      if (!isDue(stored.claimableAt, now, request) || claimed.length >= limit) continue;
      stored.claimableAt = now + leaseMs;
      claimed.push({ record, operations: decodeOperations(stored.operations) });
    }
    return Promise.resolve(claimed);
  }

  claimLane(request: LaneRequest): Promise<OutboxLane | undefined> {
    const { key, limit, graceMs, leaseMs } = request;
    const now = this.#clock.now();
    const candidates = key === undefined ? [...this.#outbox.lanes.keys()] : [key];
    for (const candidate of candidates) {
      const lane = this.#outbox.lanes.get(candidate);
      const [head] = lane?.rows ?? [];
      if (lane === undefined || head === undefined) continue;
      if (!isDue(lane.busyUntil, now, request)) continue;
      const claimableAt = head.joined ? -Infinity : head.createdAt + graceMs;
      if (key === undefined && !isDue(claimableAt, now, request)) continue;
      lane.claim = this.#outbox.nextName();
      lane.busyUntil = now + leaseMs;
      const operations = lane.rows
        .slice(0, limit)
        .flatMap(({ operation }) => decodeOperations(operation));
      return Promise.resolve({ key: candidate, claim: lane.claim, operations });
    }
    return Promise.resolve(undefined);
  }

  settleLane({ key, claim }: OutboxLane, sent: number, afterMs: number): Promise<void> {
    const lane = this.#outbox.lanes.get(key);
    if (lane?.claim !== claim) return Promise.resolve();
    lane.rows.splice(0, sent);
    lane.claim = undefined;
    lane.busyUntil = afterMs > 0 ? this.#clock.now() + afterMs : -Infinity;
    if (lane.rows.length === 0) this.#outbox.lanes.delete(key);
    return Promise.resolve();
  }

  forget(): Promise<number> {
    const { handled, records } = this.#outbox;
    const before = this.#clock.now() - this.#keepMs;
    let forgotten = 0;
    // A Map keeps the order of insertion, so the oldest come first.
    for (const [messageId, { at, record }] of handled) {
      if (at > before) break;
      if (record !== undefined && records.has(record)) continue;
      handled.delete(messageId);
      forgotten += 1;
    }
    return Promise.resolve(forgotten);
  }

  backlog(): Promise<OutboxBacklog> {
    const now = this.#clock.now();
    const times = [
      ...[...this.#outbox.records.values()].map(({ createdAt }) => createdAt),
      ...[...this.#outbox.lanes.values()].flatMap(({ rows }) =>
        rows.map(({ createdAt }) => createdAt),
      ),
    ];
    // What is from the future was committed before the clock was set back, so it has waited for long.
    const oldestMs = times.reduce((longest, at) => Math.max(longest, Math.abs(now - at)), 0);
    return Promise.resolve({ waiting: times.length, oldestMs });
  }
}

/** What is later than any lease and any pause was written before the clock was set back, and is due. */
function isDue(at: number, now: number, { graceMs, leaseMs }: ClaimRequest): boolean {
  return at <= now || at > now + Math.max(graceMs, leaseMs) + longestPauseMs;
}

/** Another attempt has committed the message. */
export function outboxConflict(messageId: string, endpoint: string): BusbarError {
  return new BusbarError(
    'OUTBOX_CONFLICT',
    `Another attempt at message ${messageId} of endpoint "${endpoint}" has committed already.`,
    { details: { messageId, endpoint } },
  );
}
