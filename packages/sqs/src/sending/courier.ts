import { type Clock, pause } from '@busbar/core';
import { failureOf, failureText } from '../clients/sdk-error.ts';
import { Batcher } from './batcher.ts';
import type { BatchAnswer, EntryFailure, Parcel } from './parcel.ts';

/** Options of a {@link Courier}. */
export interface CourierOptions {
  readonly clock: Clock;
  /** For messages: `the queue "sales"`. */
  readonly destination: string;
  /** The right of IAM that it takes. */
  readonly action: string;
  readonly windowMs: number;
  readonly maxBytes: number;
  /** One call; the index of a parcel is its id. */
  readonly call: (parcels: readonly Parcel[]) => Promise<BatchAnswer>;
  /** It was just made: that it is missing may be a mistake. */
  readonly young: () => boolean;
  /** It is not there any more. */
  readonly gone: () => void;
  /** Calls fail, and are tried again; undefined once one succeeded. */
  readonly trouble: (reason: string | undefined) => void;
}

/** What is left of a call. */
interface Unsent {
  readonly left: Parcel[];
  readonly together: boolean;
}

const firstPauseMs = 50;
const longestPauseMs = 3_000;

/** Brings parcels to one destination: in batches, and what failed in a batch one by one, until its time is over. */
export class Courier {
  readonly #options: CourierOptions;
  readonly #batcher: Batcher<Parcel>;
  #pauses = 0;

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#batcher = new Batcher({
      clock: options.clock,
      windowMs: options.windowMs,
      maxBytes: options.maxBytes,
      send: (parcels) => this.#deliver(parcels),
    });
  }

  add(parcel: Parcel): void {
    this.#batcher.add(parcel);
  }

  get idle(): boolean {
    return this.#batcher.idle;
  }

  flush(): Promise<void> {
    return this.#batcher.flush();
  }

  /** Never rejects. Holds the groups of the parcels until each has its result, so that none is overtaken. */
  async #deliver(parcels: readonly Parcel[]): Promise<void> {
    let { left, together } = await this.#try(parcels);
    while (left.length > 0) {
      await this.#pause();
      if (together) {
        ({ left, together } = await this.#try(left));
        continue;
      }
      const still: Parcel[] = [];
      for (const parcel of left) still.push(...(await this.#try([parcel])).left);
      left = still;
    }
  }

  /** One call; returns those that are worth another, and whether they may go together again. */
  async #try(parcels: readonly Parcel[]): Promise<Unsent> {
    let answer: BatchAnswer;
    try {
      answer = await this.#options.call(parcels);
    } catch (error) {
      return this.#callFailed(parcels, error);
    }
    this.#options.trouble(undefined);
    const left: Parcel[] = [];
    const failures = new Map(answer.Failed?.map((failure) => [failure.Id, failure]));
    const stored = new Map(answer.Successful?.map(({ Id, MessageId }) => [Id, MessageId]));
    for (const [index, parcel] of parcels.entries()) {
      const id = String(index);
      const nativeId = stored.get(id);
      if (stored.has(id)) {
        parcel.done({ outcome: 'confirmed', ...(nativeId !== undefined && { nativeId }) });
      } else {
        left.push(...this.#entryFailed(parcel, failures.get(id)));
      }
    }
    this.#pauses = left.length === 0 ? 0 : this.#pauses + 1;
    return { left, together: false };
  }

  #entryFailed(parcel: Parcel, failure: EntryFailure | undefined): Parcel[] {
    const reason = `${failure?.Code ?? 'NoAnswer'}: ${failure?.Message ?? 'the call said nothing of this message'}`;
    if (failure?.SenderFault === true && !/Thrott/i.test(failure.Code ?? '')) {
      return this.#refused([parcel], reason).left;
    }
    return this.#again(parcel, reason);
  }

  #callFailed(parcels: readonly Parcel[], error: unknown): Unsent {
    const failure = failureOf(error);
    const reason = failureText(error);
    const { destination, action, gone, young } = this.#options;
    if (failure === 'missing' && !young()) {
      gone();
      return settled(parcels, `${capital(destination)} does not exist.`);
    }
    if (failure === 'denied') {
      return settled(
        parcels,
        `AWS does not allow ${action} to ${destination} with these \`credentials\`: ${reason}.`,
      );
    }
    if (failure === 'refused') {
      // One of them may have spoiled the call for all.
      if (parcels.length > 1) return { left: [...parcels], together: false };
      return this.#refused(parcels, reason);
    }
    this.#pauses += 1;
    this.#options.trouble(`${capital(destination)} takes no messages: ${reason}.`);
    return { left: parcels.flatMap((parcel) => this.#again(parcel, reason)), together: true };
  }

  #again(parcel: Parcel, reason: string): Parcel[] {
    if (this.#options.clock.monotonic() < parcel.until) return [parcel];
    parcel.done({
      outcome: 'unknown',
      reason: `${capital(this.#options.destination)}: ${reason}.`,
    });
    return [];
  }

  #refused(parcels: readonly Parcel[], reason: string): Unsent {
    for (const { refused } of parcels) refused?.();
    return settled(parcels, `AWS refused the message to ${this.#options.destination}: ${reason}.`);
  }

  #pause(): Promise<void> {
    if (this.#pauses === 0) return Promise.resolve();
    const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(10, this.#pauses));
    // Spread, or all who were throttled together come again together.
    return pause(this.#options.clock, longest * (0.5 + Math.random() / 2));
  }
}

function settled(parcels: readonly Parcel[], reason: string): Unsent {
  for (const parcel of parcels) parcel.done({ outcome: 'undeliverable', reason });
  return { left: [], together: false };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
