import { CreateTopicCommand, type SNSClient } from '@aws-sdk/client-sns';
import type { Clock } from '@busbar/core';
import { failureOf } from '../clients/sdk-error.ts';
import type { SqsSettings } from '../sqs-options.ts';
import { fifoSuffix, topicName } from './names.ts';
import { TopicList } from './topic-list.ts';

/** For how long a topic that may not be made is only looked for. */
const refusedForMs = 60_000;

/** Why SNS does not make a topic. */
interface Refusal {
  readonly error: unknown;
  readonly until: number;
}

/** Finds topics, and makes them where it may: the one call that makes a topic says the ARN of one that is there. */
export class TopicDirectory {
  readonly #client: SNSClient;
  readonly #settings: SqsSettings;
  readonly #clock: Clock;
  readonly #list: TopicList;
  readonly #arns = new Map<string, Promise<string | undefined>>();
  readonly #refusals = new Map<string, Refusal>();

  constructor(client: SNSClient, settings: SqsSettings, clock: Clock) {
    this.#client = client;
    this.#settings = settings;
    this.#clock = clock;
    this.#list = new TopicList(client, clock);
  }

  /**
   * The ARN, or undefined where there is no such topic and none may be made: then nobody can be subscribed to it. That
   * is never remembered, because whoever may make it can do so at any time.
   *
   * @throws BusbarError INVALID_CONFIGURATION for a name that SNS cannot have; an error of the SDK
   */
  async arnOf(topic: string, ordered: boolean): Promise<string | undefined> {
    const key = keyOf(topic, ordered);
    const made = await this.#made(key, topic, ordered);
    if (made !== undefined) return made;
    const name = topicName(topic, this.#settings.topicPrefix, ordered);
    const arn = await this.#search(name, this.#refusals.get(key)?.error);
    if (arn !== undefined) this.#arns.set(key, Promise.resolve(arn));
    return arn;
  }

  forget(topic: string): void {
    this.#arns.delete(keyOf(topic, true));
    this.#arns.delete(keyOf(topic, false));
  }

  /** The ARN of the topic, made or known; undefined where it may not be made. */
  #made(key: string, topic: string, ordered: boolean): Promise<string | undefined> {
    const known = this.#arns.get(key);
    if (known !== undefined) return known;
    if ((this.#refusals.get(key)?.until ?? 0) > this.#clock.monotonic()) {
      return Promise.resolve(undefined);
    }
    const making = this.#make(key, topic, ordered);
    this.#arns.set(key, making);
    const forget = (): boolean => this.#arns.delete(key);
    making.then((arn) => arn ?? forget(), forget);
    return making;
  }

  async #make(key: string, topic: string, ordered: boolean): Promise<string | undefined> {
    const name = topicName(topic, this.#settings.topicPrefix, ordered);
    try {
      const { TopicArn } = await this.#client.send(
        new CreateTopicCommand({ Name: name, Attributes: this.#attributes(ordered) }),
      );
      return TopicArn;
    } catch (error) {
      // It may be there with other attributes, or only be looked at with these rights.
      const failure = failureOf(error);
      if (failure !== 'denied' && failure !== 'refused') throw error;
      this.#refusals.set(key, { error, until: this.#clock.monotonic() + refusedForMs });
      return undefined;
    }
  }

  #attributes(ordered: boolean): Record<string, string> {
    const { encryption } = this.#settings;
    return {
      ...(ordered && {
        FifoTopic: 'true',
        FifoThroughputScope: 'MessageGroup',
        ContentBasedDeduplication: 'false',
      }),
      ...(typeof encryption === 'object' && { KmsMasterKeyId: encryption.kmsKeyId }),
    };
  }

  async #search(name: string, refusal: unknown): Promise<string | undefined> {
    try {
      return await this.#list.find(name);
    } catch (error) {
      throw failureOf(error) === 'denied' ? refusal : error;
    }
  }
}

function keyOf(topic: string, ordered: boolean): string {
  return ordered ? `${topic}${fifoSuffix}` : topic;
}
