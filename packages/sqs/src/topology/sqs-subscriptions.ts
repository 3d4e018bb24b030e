import {
  type SNSClient,
  SetSubscriptionAttributesCommand,
  SubscribeCommand,
  UnsubscribeCommand,
  paginateListSubscriptionsByTopic,
} from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { BusbarError, type Clock, type Subscriptions, asError } from '@busbar/core';
import { failureOf } from '../clients/sdk-error.ts';
import type { SqsSettings } from '../sqs-options.ts';
import { logicalName } from './names.ts';
import type { PolicyPrinter } from './policy-printer.ts';
import { type KnownQueue, type QueueDirectory, toBusbarError } from './queue-directory.ts';
import type { QueueMaker } from './queue-maker.ts';
import { PolicyWriter } from './policy-writer.ts';
import { topicsIn } from './queue-policy.ts';
import type { TopicDirectory } from './topic-directory.ts';
import { nameIn } from './topic-list.ts';

/** What {@link SqsSubscriptions} work with. */
export interface SqsSubscriptionsParts {
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly queues: QueueDirectory;
  readonly topics: TopicDirectory;
  readonly maker: QueueMaker;
  readonly settings: SqsSettings;
  readonly clock: Clock;
  /** Says what would be needed instead of subscribing. */
  readonly printer: PolicyPrinter | undefined;
}

/** Subscriptions of queues to topics, with raw delivery, the policy that lets SNS in, and a dead-letter queue. */
export class SqsSubscriptions implements Subscriptions {
  readonly #parts: SqsSubscriptionsParts;
  readonly #policies: PolicyWriter;

  constructor(parts: SqsSubscriptionsParts) {
    this.#parts = parts;
    this.#policies = new PolicyWriter(parts.sqs, parts.clock);
  }

  async subscribe(queue: string, topics: readonly string[]): Promise<void> {
    const { printer, maker, queues } = this.#parts;
    if (printer !== undefined) {
      await printer.subscribe(queue, topics);
      return;
    }
    try {
      const known = await queues.get(queue);
      await this.#checkKey(known);
      const undelivered = await maker.undelivered(known);
      const [queueArn, undeliveredArn] = [
        await queues.arnOf(known),
        await queues.arnOf(undelivered),
      ];
      const topicArns = await Promise.all(
        [...new Set(topics)].map((topic) => this.#make(topic, known)),
      );
      // Before the subscription: what SNS may not deliver is gone.
      await this.#policies.allow(undelivered, undeliveredArn, topicArns);
      await this.#policies.allow(known, queueArn, topicArns);
      await Promise.all(topicArns.map((arn) => this.#subscribe(arn, queueArn, undeliveredArn)));
    } catch (error) {
      throw toBusbarError(error, `subscribing "${queue}" to ${quoted(topics)}`, 'sns:Subscribe');
    }
  }

  async unsubscribe(queue: string, topics: readonly string[]): Promise<void> {
    const { queues, sns, topics: directory } = this.#parts;
    try {
      const known = await queues.get(queue);
      const queueArn = await queues.arnOf(known);
      for (const topic of new Set(topics)) {
        const arn = await directory.arnOf(topic, known.fifo);
        const subscription = arn === undefined ? undefined : await this.#find(arn, queueArn);
        if (subscription === undefined) continue;
        // The policy stays: what was published before may be on its way.
        await sns.send(new UnsubscribeCommand({ SubscriptionArn: subscription }));
      }
    } catch (error) {
      throw toBusbarError(
        error,
        `unsubscribing "${queue}" from ${quoted(topics)}`,
        'sns:Unsubscribe',
      );
    }
  }

  /** Undefined where it may not be asked. The policy of the queue names the topics that come into question. */
  async list(queue: string): Promise<readonly string[] | undefined> {
    const { queues, settings } = this.#parts;
    try {
      const known = await queues.get(queue);
      const queueArn = await queues.arnOf(known);
      const candidates = topicsIn(await this.#policies.read(known));
      if (candidates.some((arn) => arn.endsWith('*'))) return undefined;
      const found = await Promise.all(candidates.map((arn) => this.#find(arn, queueArn)));
      return candidates
        .filter((_arn, index) => found[index] !== undefined)
        .map((arn) => logicalName(nameIn(arn), settings.topicPrefix))
        .filter((topic) => topic !== undefined);
    } catch (error) {
      const { cause = error } = asError(error);
      if (failureOf(cause) === 'denied') return undefined;
      throw toBusbarError(
        error,
        `listing the subscriptions of "${queue}"`,
        'sns:ListSubscriptionsByTopic',
      );
    }
  }

  /** The policies of keys that AWS manages cannot be changed, so SNS would drop every event. */
  async #checkKey({ queue, url }: KnownQueue): Promise<void> {
    const { Attributes } = await this.#parts.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['KmsMasterKeyId'] }),
    );
    const key = Attributes?.['KmsMasterKeyId'] ?? '';
    if (!/(?:^|:)alias\/aws\//.test(key)) return;
    throw new BusbarError(
      'INVALID_CONFIGURATION',
      `The queue "${queue}" is encrypted with ${key}, a key that lets no event of SNS in.`,
      {
        help: 'Encrypt the queue with a key of your own that SNS may use, or with keys of SQS, and set the option `encryption` to the same.',
        details: { queue, setting: 'encryption', key },
      },
    );
  }

  async #make(topic: string, { fifo }: KnownQueue): Promise<string> {
    const arn = await this.#parts.topics.arnOf(topic, fifo);
    if (arn !== undefined) return arn;
    throw new BusbarError(
      'MISSING_SUBSCRIPTION',
      `SNS has no topic "${topic}", and it may not be made.`,
      {
        help: 'Provision the endpoint with an identity that has the right `sns:CreateTopic`.',
        details: { topic },
      },
    );
  }

  async #subscribe(topicArn: string, queueArn: string, undeliveredArn: string): Promise<void> {
    const { sns } = this.#parts;
    const attributes = {
      RawMessageDelivery: 'true',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: undeliveredArn }),
    };
    try {
      await sns.send(
        new SubscribeCommand({
          TopicArn: topicArn,
          Protocol: 'sqs',
          Endpoint: queueArn,
          Attributes: attributes,
          ReturnSubscriptionArn: true,
        }),
      );
    } catch (error) {
      if (failureOf(error) !== 'refused') throw error;
      // It is there already, with other attributes.
      const there = await this.#find(topicArn, queueArn);
      if (there === undefined) throw error;
      for (const [name, value] of Object.entries(attributes)) {
        const change = { SubscriptionArn: there, AttributeName: name, AttributeValue: value };
        await sns.send(new SetSubscriptionAttributesCommand(change));
      }
    }
  }

  async #find(topicArn: string, queueArn: string): Promise<string | undefined> {
    const { sns } = this.#parts;
    try {
      const pages = paginateListSubscriptionsByTopic({ client: sns }, { TopicArn: topicArn });
      for await (const { Subscriptions: some = [] } of pages) {
        const found = some.find(({ Endpoint }) => Endpoint === queueArn);
        if (found !== undefined) return found.SubscriptionArn;
      }
      return undefined;
    } catch (error) {
      if (failureOf(error) === 'missing') return undefined;
      throw error;
    }
  }
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
