import { ChangeMessageVisibilityBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { type Clock, pause } from '@busbar/core';
import { failureOf, failureText } from '../clients/sdk-error.ts';
import { longestVisibilitySeconds } from '../message/limits.ts';
import { Batcher } from '../sending/batcher.ts';

/** What became of a change. */
export type VisibilityResult =
  /** It holds from this moment on, by the monotonic clock. */
  | { readonly outcome: 'changed'; readonly at: number }
  /** The message is not held by this receipt any more. */
  | { readonly outcome: 'lost'; readonly reason: string }
  /** Nobody knows. */
  | { readonly outcome: 'failed'; readonly reason: string };

interface VisibilityChange {
  readonly bytes: 0;
  readonly receiptHandle: string;
  readonly seconds: number;
  readonly tries: number;
  readonly done: (result: VisibilityResult) => void;
}

const notHeld = /ReceiptHandle|MessageNotInflight|InvalidParameterValue/;
/** It is held, and not for longer than it is already. */
const beyondLimit = /beyond the limit/i;
const triesToGiveBack = 3;

/** SQS counts from the receipt of a message on, which was before we had the answer. */
const limitMarginSeconds = 60;

/** For how long a message may be held that was held for `heldMs`: as long as wanted, within what SQS allows in all. */
export function secondsToHold(wanted: number, heldMs: number): number {
  const left = longestVisibilitySeconds - limitMarginSeconds - Math.ceil(heldMs / 1_000);
  return Math.max(1, Math.min(wanted, left));
}

/** Puts off or ends the visibility timeouts of held messages, in batches of ten. */
export class Visibility {
  readonly #client: SQSClient;
  readonly #url: string;
  readonly #clock: Clock;
  readonly #batcher: Batcher<VisibilityChange>;

  constructor(client: SQSClient, url: string, clock: Clock, windowMs: number) {
    this.#client = client;
    this.#url = url;
    this.#clock = clock;
    this.#batcher = new Batcher({ clock, windowMs, send: (changes) => this.#change(changes) });
  }

  /** Holds the message for so many more seconds, from now on. Never rejects. */
  extend(receiptHandle: string, seconds: number): Promise<VisibilityResult> {
    return this.#add(receiptHandle, seconds, 1);
  }

  /** Gives the message back, for any receiver, at once. Never rejects. */
  giveBack(receiptHandle: string): Promise<VisibilityResult> {
    return this.#add(receiptHandle, 0, triesToGiveBack);
  }

  flush(): Promise<void> {
    return this.#batcher.flush();
  }

  #add(receiptHandle: string, seconds: number, tries: number): Promise<VisibilityResult> {
    return new Promise((done) => {
      this.#batcher.add({ bytes: 0, receiptHandle, seconds, tries, done });
    });
  }

  async #change(changes: readonly VisibilityChange[]): Promise<void> {
    let left = await this.#try(changes, 1);
    for (let tries = 2; left.length > 0; tries += 1) {
      await pause(this.#clock, 100 * tries);
      const still: VisibilityChange[] = [];
      for (const change of left) still.push(...(await this.#try([change], tries)));
      left = still;
    }
  }

  async #try(changes: readonly VisibilityChange[], tries: number): Promise<VisibilityChange[]> {
    const at = this.#clock.monotonic();
    try {
      const { Failed } = await this.#client.send(
        new ChangeMessageVisibilityBatchCommand({
          QueueUrl: this.#url,
          Entries: changes.map(({ receiptHandle, seconds }, index) => ({
            Id: String(index),
            ReceiptHandle: receiptHandle,
            VisibilityTimeout: seconds,
          })),
        }),
      );
      const failures = new Map(Failed?.map((failure) => [failure.Id, failure]));
      return changes.filter((change, index) => {
        const failure = failures.get(String(index));
        if (failure === undefined) {
          change.done({ outcome: 'changed', at });
          return false;
        }
        const reason = `${failure.Code ?? 'Failed'}: ${failure.Message ?? ''}`;
        const held = !notHeld.test(failure.Code ?? '') || beyondLimit.test(failure.Message ?? '');
        if (held) return again(change, tries, reason);
        change.done({ outcome: 'lost', reason });
        return false;
      });
    } catch (error) {
      const reason = failureText(error);
      const failure = failureOf(error);
      const enough = failure === 'missing' || failure === 'denied' ? triesToGiveBack : tries;
      return changes.filter((change) => again(change, enough, reason));
    }
  }
}

function again(change: VisibilityChange, tries: number, reason: string): boolean {
  if (tries < change.tries) return true;
  change.done({ outcome: 'failed', reason });
  return false;
}
