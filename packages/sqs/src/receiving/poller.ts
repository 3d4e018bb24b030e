import { type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Clock, Timer } from '@busbar/core';
import { failureOf, failureText, type SdkFailure } from '../clients/sdk-error.ts';
import { receiveEntries } from '../message/limits.ts';

/** What a {@link Poller} asks and tells. */
export interface PollerParts {
  readonly client: SQSClient;
  readonly url: string;
  readonly clock: Clock;
  readonly visibilitySeconds: number;
  readonly waitSeconds: number;
  /** How many more messages are wanted now; 0 for none. */
  readonly wanted: () => number;
  /** The most polls that may be under way at once. */
  readonly most: () => number;
  /** @param at When the answer came, by the monotonic clock. */
  readonly received: (messages: readonly Message[], at: number) => void;
  /** A poll failed; the next one comes after a pause. */
  readonly failed: (failure: SdkFailure, reason: string) => void;
  readonly recovered: () => void;
}

const firstPauseMs = 200;
const longestPauseMs = 30_000;

/**
 * Long polls: one while the queue is idle, more as long as they come back full. A poll is never cut short to stop, since
 * the service may give it a message that nobody would read any more.
 */
export class Poller {
  readonly #parts: PollerParts;
  #underWay = 0;
  #allowed = 1;
  #failures = 0;
  #resting: Timer | undefined;
  #problem: string | undefined;
  #idleWaiters: (() => void)[] = [];
  readonly #cut = new AbortController();

  constructor(parts: PollerParts) {
    this.#parts = parts;
  }

  /** Why nothing is received for now. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Polls as long as something is wanted; to be called whenever more may be. */
  wake(): void {
    while (this.#resting === undefined && !this.#cut.signal.aborted) {
      if (this.#underWay >= Math.min(this.#allowed, this.#parts.most())) return;
      const wanted = this.#parts.wanted() - this.#underWay * receiveEntries;
      if (wanted <= 0) return;
      void this.#poll(Math.min(receiveEntries, wanted));
    }
  }

  /** Ends a pause after failures. */
  stop(): void {
    this.#resting?.cancel();
    this.#resting = undefined;
    this.#failures = 0;
    this.#problem = undefined;
    this.#allowed = 1;
  }

  /** Resolves when no poll is under way. */
  idle(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Ends the polls that are under way, at the risk that a message is given to one of them. */
  cut(): void {
    this.#cut.abort();
  }

  async #poll(most: number): Promise<void> {
    this.#underWay += 1;
    let messages: readonly Message[] = [];
    try {
      messages = await this.#receive(most);
      this.#answered(messages.length, most);
    } catch (error) {
      if (!this.#cut.signal.aborted) this.#rest(error);
    }
    this.#underWay -= 1;
    try {
      if (messages.length > 0) this.#parts.received(messages, this.#parts.clock.monotonic());
    } catch (error) {
      // A mistake of ours: the messages come again, but not in a tight loop.
      this.#rest(error);
    }
    if (this.#underWay === 0) for (const wake of this.#idleWaiters.splice(0)) wake();
    this.wake();
  }

  async #receive(most: number): Promise<readonly Message[]> {
    const { client, url, visibilitySeconds, waitSeconds } = this.#parts;
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({
        QueueUrl: url,
        MaxNumberOfMessages: most,
        WaitTimeSeconds: waitSeconds,
        VisibilityTimeout: visibilitySeconds,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['ApproximateReceiveCount', 'MessageGroupId'],
      }),
      { abortSignal: this.#cut.signal },
    );
    return Messages;
  }

  #answered(messages: number, most: number): void {
    if (this.#failures > 0) {
      this.#failures = 0;
      this.#problem = undefined;
      this.#parts.recovered();
    }
    if (messages === 0) this.#allowed = 1;
    else if (messages >= most) this.#allowed = Math.min(this.#allowed + 1, this.#parts.most());
  }

  #rest(error: unknown): void {
    const failure = failureOf(error);
    const reason = failureText(error);
    this.#failures += 1;
    this.#problem = `receiving failed: ${reason}`;
    this.#parts.failed(failure, reason);
    if (this.#resting !== undefined || this.#parts.wanted() <= 0) return;
    const longest = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(10, this.#failures));
    this.#resting = this.#parts.clock.setTimer(
      () => {
        this.#resting = undefined;
        this.#allowed = 1;
        this.wake();
      },
      longest * (0.5 + Math.random() / 2),
      true,
    );
  }
}
