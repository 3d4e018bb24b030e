import {
  GetQueueAttributesCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { BusbarError, type Clock, pause } from '@busbar/core';
import type { KnownQueue } from './queue-directory.ts';
import { allows, topicsIn, withTopics } from './queue-policy.ts';

/** SQS takes up to a minute until everybody sees what was written. */
const visibleMs = 65_000;
const triedMs = 150_000;
const firstPauseMs = 20;
const longestPauseMs = 3_000;

/** Lets topics send to queues, beside others who write the same policies. */
export class PolicyWriter {
  readonly #client: SQSClient;
  readonly #clock: Clock;

  constructor(client: SQSClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** The policy of a queue as SQS shows it now. */
  async read({ url }: KnownQueue): Promise<string | undefined> {
    const { Attributes } = await this.#client.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['Policy'] }),
    );
    return Attributes?.['Policy'];
  }

  /**
   * Resolves when the policy is seen to allow the topics. What is read may be older than what was written: only a policy
   * that is neither the one before nor the one written is somebody else's, and is written again with ours.
   *
   * @throws BusbarError TRANSPORT_UNAVAILABLE when the policy does not stay; an error of the SDK
   */
  async allow(queue: KnownQueue, queueArn: string, topicArns: readonly string[]): Promise<void> {
    const end = this.#clock.monotonic() + triedMs;
    let visible = 0;
    const seen = new Set<string>();
    const stale = new Set<string | undefined>();
    let waitMs = firstPauseMs;
    for (let confirmed = false; ;) {
      const policy = await this.read(queue);
      for (const arn of topicsIn(policy)) seen.add(arn);
      if (topicArns.every((arn) => allows(policy, arn))) {
        // Another look, where it was written: somebody may have written at the same time.
        if (confirmed || stale.size === 0) return;
        confirmed = true;
        waitMs = firstPauseMs;
      } else {
        confirmed = false;
        const now = this.#clock.monotonic();
        if (now > end) throw doesNotStay(queue, topicArns);
        if (!stale.has(policy) || now > visible) {
          // All that were seen, since those of another process may be in none of the two.
          const Policy = withTopics(policy, queueArn, [...topicArns, ...seen]);
          await this.#client.send(
            new SetQueueAttributesCommand({ QueueUrl: queue.url, Attributes: { Policy } }),
          );
          stale.add(policy);
          visible = this.#clock.monotonic() + visibleMs;
          waitMs = firstPauseMs;
        }
      }
      // Spread, or those who wrote together write together again.
      await pause(this.#clock, waitMs * (1 + 2 * Math.random()));
      waitMs = Math.min(longestPauseMs, waitMs * 1.5);
    }
  }
}

function doesNotStay(queue: KnownQueue, topicArns: readonly string[]): BusbarError {
  return new BusbarError(
    'TRANSPORT_UNAVAILABLE',
    `The policy of the queue "${queue.queue}" did not show within ${triedMs / 1_000} s what was written to it.`,
    {
      help: 'If something else writes it at the same time, end that, or let it allow the topics itself. Else provision again.',
      details: { queue: queue.queue, topicArns },
    },
  );
}
