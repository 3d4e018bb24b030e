import type { OutboxRecord } from '../persistence/outbox-store.ts';

const most = 100;
const mebibyte = 1_024 * 1_024;
/** What one claim should hold, and all that is under way together. */
const claimBytes = 4 * mebibyte;
const fullBytes = 16 * mebibyte;

/** How many records to claim at once, by what those before were like: a backlog of large ones must not fill the memory. */
export class ClaimSize {
  #limit = 10;
  #bytes = 0;

  get limit(): number {
    return this.#limit;
  }

  /** Whether what is under way is enough for now. */
  get isFull(): boolean {
    return this.#bytes >= fullBytes;
  }

  /** Notes records that are under way, until what is returned is called. */
  take(records: readonly OutboxRecord[]): () => void {
    let bytes = 0;
    for (const { operations } of records) {
      for (const { message } of operations) bytes += message.body.byteLength;
    }
    const each = Math.max(1, bytes / records.length);
    const fitting = Math.max(1, Math.floor(claimBytes / each));
    this.#limit = Math.min(most, fitting, this.#limit * 2);
    this.#bytes += bytes;
    return () => {
      this.#bytes -= bytes;
    };
  }
}
