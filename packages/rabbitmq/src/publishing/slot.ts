import type { DispatchResult } from '@busbar/core';
import type { Publication } from './publication.ts';

/** What became of a publication, with what only the publishing side needs to know. */
export interface Outcome {
  readonly result: DispatchResult;
  /** It was never written to a socket. */
  readonly untried?: boolean;
  /** The exchange is gone, or leads nowhere though it should; it may be made again. */
  readonly exchangeMissing?: boolean;
}

/** A publication from the moment it is accepted until its outcome is known. */
export class Slot {
  readonly publication: Publication;
  /** By the monotonic clock. */
  readonly deadline: number;
  /** How often it was written to a socket. */
  writes = 0;
  /** What the broker said when it gave the message back because no queue takes it. */
  returned: string | undefined;
  done = false;
  readonly #end: (outcome: Outcome) => void;

  constructor(publication: Publication, deadline: number, end: (outcome: Outcome) => void) {
    this.publication = publication;
    this.deadline = deadline;
    this.#end = end;
  }

  get bytes(): number {
    return this.publication.content.length;
  }

  confirmed(): void {
    if (this.returned === undefined) this.#finish(confirmed);
    else this.undeliverable(this.returned, this.publication.exchange !== '');
  }

  undeliverable(reason: string, exchangeMissing = false): void {
    this.#finish({ result: { outcome: 'undeliverable', reason }, exchangeMissing });
  }

  /** The end of one whose storing cannot be told, or that was never written. */
  unknown(reason: string): void {
    this.#finish({ result: { outcome: 'unknown', reason }, untried: this.writes === 0 });
  }

  #finish(outcome: Outcome): void {
    if (this.done) return;
    this.done = true;
    this.#end(outcome);
  }
}

const confirmed: Outcome = { result: { outcome: 'confirmed' } };
