import { type Clock, type Logger, type Timer, asError } from '@busbar/core';
import type { Writer } from '../store/writer.ts';
import type { RecordTable } from './record-table.ts';

const retryMs = 1_000;

/**
 * Removes records that were dispatched, in whatever transaction comes next, and never waits for the disk: a mark that is
 * lost repeats a dispatch with the same ids.
 */
export class DispatchMarks {
  readonly #writer: Writer;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #records: RecordTable;
  readonly #marked = new Set<string>();
  #writing: Promise<void> | undefined;
  #retry: Timer | undefined;

  constructor(writer: Writer, clock: Clock, logger: Logger, records: RecordTable) {
    this.#writer = writer;
    this.#clock = clock;
    this.#logger = logger;
    this.#records = records;
  }

  add(record: string): void {
    this.#marked.add(record);
    if (this.#retry === undefined) void this.flush();
  }

  has(record: string): boolean {
    return this.#marked.has(record);
  }

  /** Resolves when what was marked before is written, or could not be. Jobs submitted later find it written. */
  flush(): Promise<void> {
    if (this.#marked.size === 0) return Promise.resolve();
    this.#writing ??= this.#write();
    return this.#writing;
  }

  async close(): Promise<void> {
    this.#retry?.cancel();
    // A mark may have come while others were written.
    await this.flush();
    await this.flush();
    this.#retry?.cancel();
  }

  async #write(): Promise<void> {
    try {
      const written = await this.#writer.submit(() => {
        const marks = [...this.#marked];
        for (const record of marks) this.#records.remove(record);
        return marks;
      }, false);
      for (const record of written) this.#marked.delete(record);
      this.#writing = undefined;
      if (this.#marked.size > 0) void this.flush();
    } catch (error) {
      this.#writing = undefined;
      this.#logger.warn(
        { err: asError(error), records: this.#marked.size },
        'What was dispatched could not be noted; tried again soon',
      );
      this.#retry = this.#clock.setTimer(() => {
        this.#retry = undefined;
        void this.flush();
      }, retryMs);
    }
  }
}
