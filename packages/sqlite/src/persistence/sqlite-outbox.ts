import {
  type ClaimRequest,
  type LaneRequest,
  type Logger,
  type OutboxBacklog,
  type OutboxLane,
  type OutboxRecord,
  type OutboxStore,
  type TransportOperation,
  asError,
  decodeOperations,
  encodeOperations,
  pause,
} from '@busbar/core';
import type { SharedStore } from '../store/shared-store.ts';
import { DispatchMarks } from './dispatch-marks.ts';
import type { HandledTable } from './handled-table.ts';
import type { LaneTable } from './lane-table.ts';
import { persistenceError } from './persistence-error.ts';
import type { RecordTable } from './record-table.ts';

/** Rows that are forgotten in one transaction; about a millisecond. */
const mostForgotten = 50;
/** Between two of these transactions, in units of what one took: the others have the file for most of the time. */
const forgetPause = 3;

/** The tables of one endpoint. */
export interface OutboxTables {
  readonly handled: HandledTable;
  readonly records: RecordTable;
  readonly lanes: LaneTable;
}

/**
 * The outbox of one endpoint. What only says who sends what does not wait for the disk: it means nothing after a power
 * loss.
 */
export class SqliteOutbox implements OutboxStore {
  readonly marks: DispatchMarks;
  readonly #store: SharedStore;
  readonly #tables: OutboxTables;
  readonly #logger: Logger;
  readonly #keepMs: number;

  constructor(store: SharedStore, tables: OutboxTables, logger: Logger, keepMs: number) {
    this.#store = store;
    this.#tables = tables;
    this.#logger = logger;
    this.#keepMs = keepMs;
    this.marks = new DispatchMarks(store.writer, store.clock, logger, tables.records);
  }

  markDispatched(record: string): void {
    this.marks.add(record);
  }

  async keep(
    record: string,
    operations: readonly TransportOperation[],
    afterMs: number,
  ): Promise<void> {
    const { records } = this.#tables;
    const text = encodeOperations(operations);
    await this.#write(({ now }) => {
      if (operations.length === 0) records.remove(record);
      else records.keep(record, text, now + afterMs);
    });
  }

  async claim(request: ClaimRequest): Promise<readonly OutboxRecord[]> {
    const { records } = this.#tables;
    void this.marks.flush();
    // Mostly there is nothing, and then nobody has to write.
    const waits = this.#read(() => {
      // A store without receivers does not look after dead processes by itself.
      this.#store.housekeeping.tick();
      return records.hasUnsent(request, this.#store.clock.now());
    });
    if (!waits) return [];
    const claim = this.#store.nextLease();
    const rows = await this.#write(({ now }) => records.claim(request, claim, now));
    return rows.flatMap(({ seq, operations }) => {
      const record = String(seq);
      const decoded = this.#decode(operations, { record });
      return decoded === undefined ? [] : [{ record, operations: decoded }];
    });
  }

  async claimLane(request: LaneRequest): Promise<OutboxLane | undefined> {
    const { lanes } = this.#tables;
    const { key } = request;
    const waits = this.#read(() =>
      key === undefined
        ? lanes.firstUnsent(request, this.#store.clock.now()) !== undefined
        : lanes.isWaiting(key),
    );
    if (!waits) return undefined;
    const claim = this.#store.nextLease();
    const claimed = await this.#write(({ now }) => lanes.claim(request, claim, now));
    if (claimed === undefined) return undefined;
    const operations: TransportOperation[] = [];
    for (const text of claimed.operations) {
      const decoded = this.#decode(text, { key: claimed.key });
      // What comes behind an operation that cannot be read must not overtake it.
      if (decoded === undefined) break;
      operations.push(...decoded);
    }
    if (operations.length === 0) return undefined;
    return { key: claimed.key, claim: String(claim), operations };
  }

  async settleLane({ key, claim }: OutboxLane, sent: number, afterMs: number): Promise<void> {
    await this.#write(({ now }) =>
      this.#tables.lanes.settle(key, Number(claim), sent, now + afterMs),
    );
  }

  async forget(signal: AbortSignal): Promise<number> {
    const { handled } = this.#tables;
    let forgotten = 0;
    let from = Number.MIN_SAFE_INTEGER;
    const { clock } = this.#store;
    while (!signal.aborted) {
      const begun = clock.monotonic();
      const times = await this.#write(({ now }) =>
        handled.forget(from, now - this.#keepMs, mostForgotten),
      );
      forgotten += times.length;
      if (times.length < mostForgotten) break;
      from = Math.max(...times);
      await pause(clock, Math.max(1, (clock.monotonic() - begun) * forgetPause), signal);
    }
    return forgotten;
  }

  async backlog(): Promise<OutboxBacklog> {
    const { records, lanes } = this.#tables;
    const now = this.#store.clock.now();
    const [record, lane] = this.#read(() => [records.backlog(now), lanes.backlog(now)]);
    return {
      waiting: record.waiting + lane.waiting,
      oldestMs: Math.max(record.oldestMs, lane.oldestMs),
    };
  }

  /** Undefined when somebody else has changed the row: it comes up again when its lease ends, and is told of again. */
  #decode(text: string, about: object): readonly TransportOperation[] | undefined {
    try {
      return decodeOperations(text);
    } catch (error) {
      this.#logger.error(
        { ...about, err: asError(error) },
        'Operations in the outbox cannot be read, and stay there',
      );
      return undefined;
    }
  }

  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw persistenceError(this.#store.file.path, error);
    }
  }

  async #write<T>(run: (transaction: { readonly now: number }) => T): Promise<T> {
    try {
      return await this.#store.writer.submit(run, false);
    } catch (error) {
      throw persistenceError(this.#store.file.path, error);
    }
  }
}
