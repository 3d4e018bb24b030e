import { type SNSClient, paginateListTopics } from '@aws-sdk/client-sns';
import { type Clock, pause } from '@busbar/core';

/** SNS answers 30 of these calls a second to the whole account. */
const betweenMs = 250;

/**
 * Looks for topics in the list of all. Each answer is of a list that was begun after the question, because a topic may
 * have been made, and subscribed to, a moment before; who asks meanwhile shares the next one.
 */
export class TopicList {
  readonly #client: SNSClient;
  readonly #clock: Clock;
  #next: Promise<ReadonlyMap<string, string>> | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #begun = Number.NEGATIVE_INFINITY;

  constructor(client: SNSClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /**
   * The ARN of the topic that SNS calls `name`.
   *
   * @throws An error of the SDK
   */
  async find(name: string): Promise<string | undefined> {
    if (this.#next === undefined) {
      const next = this.#readAfter(this.#ended);
      this.#next = next;
      this.#ended = next.catch(() => {});
    }
    return (await this.#next).get(name);
  }

  async #readAfter(before: Promise<unknown>): Promise<ReadonlyMap<string, string>> {
    await before;
    const waitMs = this.#begun + betweenMs - this.#clock.monotonic();
    if (waitMs > 0) await pause(this.#clock, waitMs);
    this.#begun = this.#clock.monotonic();
    this.#next = undefined;
    const arns = new Map<string, string>();
    for await (const { Topics = [] } of paginateListTopics({ client: this.#client }, {})) {
      for (const { TopicArn: arn = '' } of Topics) arns.set(nameIn(arn), arn);
    }
    return arns;
  }
}

/** The name at the end of an ARN, where every partition has it. */
export function nameIn(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1);
}
