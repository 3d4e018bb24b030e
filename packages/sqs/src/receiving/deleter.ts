import { DeleteMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { type Clock, type Timer, pause } from '@busbar/core';
import { failureOf, failureText } from '../clients/sdk-error.ts';
import { batchEntries } from '../message/limits.ts';
import { Batcher } from '../sending/batcher.ts';
import type { EntryFailure } from '../sending/parcel.ts';

/** A message that is to be removed from its queue. */
export interface Deletion {
  readonly receiptHandle: string;
  /** Called with undefined when it is gone, else with why it is not. */
  readonly done: (failure: string | undefined) => void;
}

interface PendingDeletion extends Deletion {
  readonly bytes: 0;
  tries: number;
}

/** Who is told that nothing can be deleted for now, by the identity. */
export interface RefusalWatcher {
  readonly refused: (reason: string) => void;
  readonly allowed: () => void;
}

const mostTries = 6;
const firstPauseMs = 100;
const firstRestMs = 1_000;
const longestRestMs = 30_000;

/**
 * Removes messages in batches of ten, and one by one what failed in a batch. With a watcher, what AWS does not allow is
 * kept and tried again with longer and longer pauses: rights and credentials come back, and what was handled should not
 * be handled again meanwhile.
 */
export class Deleter {
  readonly #client: SQSClient;
  readonly #url: string;
  readonly #clock: Clock;
  readonly #batcher: Batcher<PendingDeletion>;
  readonly #watcher: RefusalWatcher | undefined;
  #refused: PendingDeletion[] = [];
  #refusal: string | undefined;
  #rests = 0;
  #resting: Timer | undefined;

  constructor(
    client: SQSClient,
    url: string,
    clock: Clock,
    windowMs: number,
    watcher?: RefusalWatcher,
  ) {
    this.#watcher = watcher;
    this.#client = client;
    this.#url = url;
    this.#clock = clock;
    this.#batcher = new Batcher({
      clock,
      windowMs,
      eager: false,
      send: (deletions) => this.#delete(deletions),
    });
  }

  /** Why nothing can be deleted for now. */
  get refusal(): string | undefined {
    return this.#refusal;
  }

  add(deletion: Deletion): void {
    this.#batcher.add({ ...deletion, bytes: 0, tries: 0 });
  }

  /** Resolves when all that was added is deleted, has failed, or is refused. */
  tried(): Promise<void> {
    return this.#batcher.flush();
  }

  /** The same, and what is refused is given up. */
  async flush(): Promise<void> {
    await this.#batcher.flush();
    const reason = this.#refusal ?? '';
    this.#endRefusal();
    for (const { done } of this.#refused.splice(0)) done(reason);
  }

  #refuse(deletions: readonly PendingDeletion[], reason: string, watcher: RefusalWatcher): void {
    const news = this.#refusal === undefined;
    this.#refused.push(...deletions);
    this.#refusal = reason;
    this.#rest();
    if (news) watcher.refused(reason);
  }

  #rest(): void {
    if (this.#resting !== undefined) return;
    const restMs = Math.min(longestRestMs, firstRestMs * 2 ** Math.min(10, this.#rests));
    this.#rests += 1;
    this.#resting = this.#clock.setTimer(
      () => {
        this.#resting = undefined;
        for (const deletion of this.#refused.splice(0, batchEntries)) this.#batcher.add(deletion);
      },
      restMs,
      true,
    );
  }

  /** A call got through. */
  #allowed(): void {
    if (this.#refusal === undefined) return;
    this.#endRefusal();
    for (const deletion of this.#refused.splice(0)) this.#batcher.add(deletion);
    this.#watcher?.allowed();
  }

  #endRefusal(): void {
    this.#refusal = undefined;
    this.#rests = 0;
    this.#resting?.cancel();
    this.#resting = undefined;
  }

  async #delete(deletions: readonly PendingDeletion[]): Promise<void> {
    let left = await this.#try(deletions);
    while (left.length > 0) {
      await pause(this.#clock, firstPauseMs * 2 ** Math.min(5, left[0]?.tries ?? 0));
      const still: PendingDeletion[] = [];
      for (const deletion of left) still.push(...(await this.#try([deletion])));
      left = still;
    }
  }

  async #try(deletions: readonly PendingDeletion[]): Promise<PendingDeletion[]> {
    let failures: Map<string | undefined, EntryFailure>;
    try {
      const { Failed } = await this.#client.send(
        new DeleteMessageBatchCommand({
          QueueUrl: this.#url,
          Entries: deletions.map(({ receiptHandle }, index) => ({
            Id: String(index),
            ReceiptHandle: receiptHandle,
          })),
        }),
      );
      failures = new Map(Failed?.map((failure) => [failure.Id, failure]));
      this.#allowed();
    } catch (error) {
      const failure = failureOf(error);
      const reason = failureText(error);
      const refused = failure === 'denied' || failure === 'credentials';
      if (refused && this.#watcher !== undefined) {
        this.#refuse(deletions, reason, this.#watcher);
        return [];
      }
      const never = failure === 'missing' || failure === 'denied';
      if (this.#refusal !== undefined) this.#rest();
      return deletions.filter((deletion) => again(deletion, reason, never));
    }
    return deletions.filter((deletion, index) => {
      const failure = failures.get(String(index));
      if (failure === undefined) {
        deletion.done(undefined);
        return false;
      }
      const reason = `${failure.Code ?? 'Failed'}: ${failure.Message ?? ''}`;
      return again(deletion, reason, /ReceiptHandle/.test(failure.Code ?? ''));
    });
  }
}

function again(deletion: PendingDeletion, reason: string, never: boolean): boolean {
  deletion.tries += 1;
  if (!never && deletion.tries < mostTries) return true;
  deletion.done(reason);
  return false;
}
