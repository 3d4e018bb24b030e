import { randomUUID } from 'node:crypto';
import {
  type ClaimRequest,
  type Clock,
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
import type { SqlResult, SqlRunner } from '../data-layer.ts';
import { DispatchedMarks } from './dispatched-marks.ts';
import type { OutboxStatements } from './outbox-statements.ts';

const forgetAtOnce = 1_000;
/** Of the time, at most so many parts are spent forgetting. */
const forgetShare = 0.1;
const shortestPauseMs = 5;

/** What a store of the outbox is made of. */
export interface OutboxParts {
  readonly runner: SqlRunner;
  readonly statements: OutboxStatements;
  readonly endpoint: string;
  readonly keepMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The outbox of one endpoint; all its statements are transactions of their own. */
export class PostgresOutbox implements OutboxStore {
  readonly #parts: OutboxParts;
  readonly #marks: DispatchedMarks;
  /** While a full batch was claimed the next will follow: nobody is seen anew in between. */
  #seen = false;

  constructor(parts: OutboxParts) {
    const { runner, statements, clock, logger } = parts;
    this.#parts = parts;
    this.#marks = new DispatchedMarks(runner, statements.mark, clock, logger);
  }

  markDispatched(record: string): void {
    this.#marks.add(record);
  }

  async keep(
    record: string,
    operations: readonly TransportOperation[],
    afterMs: number,
  ): Promise<void> {
    const { runner, statements } = this.#parts;
    await runner.run(statements.keep([record, encodeOperations(operations), afterMs]));
  }

  async claim({ limit, graceMs, leaseMs }: ClaimRequest): Promise<readonly OutboxRecord[]> {
    const { runner, statements, endpoint } = this.#parts;
    if (!this.#seen) await runner.run(statements.see([endpoint, graceMs]));
    const { rows } = await runner.run(statements.claim([endpoint, limit, leaseMs]));
    this.#seen = rows.length >= limit;
    return rows.flatMap((row) => {
      const record = textOf(row, 'record');
      const operations = this.#decode(textOf(row, 'operations'), { record });
      return operations === undefined ? [] : [{ record, operations }];
    });
  }

  async claimLane(request: LaneRequest): Promise<OutboxLane | undefined> {
    const { runner, statements, endpoint } = this.#parts;
    const { key, limit, graceMs, leaseMs } = request;
    const claim = randomUUID();
    const { rows } = await runner.run(
      key === undefined
        ? statements.claimAnyLane([endpoint, graceMs, limit, leaseMs, claim])
        : statements.claimLane([endpoint, key, limit, leaseMs, claim]),
    );
    return this.#toLane(rows, claim);
  }

  async settleLane({ key, claim }: OutboxLane, sent: number, afterMs: number): Promise<void> {
    const { runner, statements, endpoint } = this.#parts;
    await runner.run(statements.settleLane([endpoint, key, claim, sent, afterMs]));
  }

  async forget(signal: AbortSignal): Promise<number> {
    const { runner, statements, endpoint, keepMs, clock } = this.#parts;
    let forgotten = 0;
    // Each batch begins where the last one ended, and need not pass what that has removed, or must not.
    let from = '-infinity';
    while (!signal.aborted) {
      const start = clock.monotonic();
      const { rows } = await runner.run(statements.forget([endpoint, from, keepMs, forgetAtOnce]));
      const [row = {}] = rows;
      const count = Number(row['forgotten']);
      forgotten += count;
      if (Number(row['seen']) < forgetAtOnce) break;
      const last = textOf(row, 'last');
      // So many of one instant, and none of them dispatched.
      if (last === from && count === 0) break;
      from = last;
      const took = clock.monotonic() - start;
      await pause(clock, Math.max(shortestPauseMs, took * (1 / forgetShare - 1)), signal);
    }
    return forgotten;
  }

  async backlog(): Promise<OutboxBacklog> {
    const { runner, statements, endpoint } = this.#parts;
    const { rows } = await runner.run(statements.backlog([endpoint]));
    const [row = {}] = rows;
    const oldestMs = Math.max(0, Math.round(Number(row['oldest'] ?? 0)));
    return { waiting: Number(row['waiting']), oldestMs };
  }

  close(): Promise<void> {
    return this.#marks.close();
  }

  #toLane(rows: SqlResult['rows'], claim: string): OutboxLane | undefined {
    const inOrder = [...rows].sort((a, b) => Number(a['seq']) - Number(b['seq']));
    const operations: TransportOperation[] = [];
    for (const row of inOrder) {
      const about = { key: textOf(row, 'key'), seq: textOf(row, 'seq') };
      const decoded = this.#decode(textOf(row, 'operation'), about);
      // What comes behind an operation that cannot be read must not overtake it.
      if (decoded === undefined) break;
      operations.push(...decoded);
    }
    const [first] = inOrder;
    if (first === undefined || operations.length === 0) return undefined;
    return { key: textOf(first, 'key'), claim, operations };
  }

  /** Undefined when somebody else has changed the row: it comes up again when its lease ends, and is told of again. */
  #decode(text: string, about: object): readonly TransportOperation[] | undefined {
    try {
      return decodeOperations(text);
    } catch (error) {
      const { endpoint, logger } = this.#parts;
      logger.error(
        { endpoint, ...about, err: asError(error) },
        'Operations in the outbox cannot be read, and stay there: restore the row, or remove it',
      );
      return undefined;
    }
  }
}

function textOf(row: Readonly<Record<string, unknown>>, column: string): string {
  return row[column] as string;
}
