import {
  type PublishBatchRequestEntry,
  PublishBatchCommand,
  type SNSClient,
} from '@aws-sdk/client-sns';
import {
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Clock } from '@busbar/core';
import { snsBytes, sqsBytes } from '../message/limits.ts';
import type { KnownQueue } from '../topology/queue-directory.ts';
import { Courier } from './courier.ts';
import type { Parcel } from './parcel.ts';
import type { Troubles } from './troubles.ts';

/** What {@link Couriers} work with. */
export interface CouriersParts {
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  readonly clock: Clock;
  readonly windowMs: number;
  readonly queueGone: (queue: string) => void;
  /** Just made, so that SQS may take it for missing by mistake. */
  readonly queueYoung: (queue: string) => boolean;
  readonly topicGone: (topic: string) => void;
  readonly troubles: Troubles;
}

/** The couriers of a connection, one for each destination. */
export class Couriers {
  readonly #parts: CouriersParts;
  readonly #byAddress = new Map<string, Courier>();

  constructor(parts: CouriersParts) {
    this.#parts = parts;
  }

  toQueue({ queue, url, fifo }: KnownQueue): Courier {
    const { sqs, clock, windowMs, queueGone, queueYoung, troubles } = this.#parts;
    return this.#courier(url, () => ({
      clock,
      windowMs,
      trouble: (reason) => troubles.note(url, reason),
      destination: `the queue "${queue}"`,
      action: 'sqs:SendMessage',
      maxBytes: sqsBytes,
      young: () => queueYoung(queue),
      gone: () => {
        this.#byAddress.delete(url);
        queueGone(queue);
      },
      call: (parcels) =>
        sqs.send(
          new SendMessageBatchCommand({
            QueueUrl: url,
            Entries: parcels.map((parcel, index) => queueEntry(parcel, index, fifo)),
          }),
        ),
    }));
  }

  toTopic(topic: string, arn: string): Courier {
    const { sns, clock, windowMs, topicGone, troubles } = this.#parts;
    return this.#courier(arn, () => ({
      clock,
      windowMs,
      trouble: (reason) => troubles.note(arn, reason),
      destination: `the topic "${topic}"`,
      action: 'sns:Publish',
      maxBytes: snsBytes,
      young: () => false,
      gone: () => {
        this.#byAddress.delete(arn);
        topicGone(topic);
      },
      call: (parcels) =>
        sns.send(
          new PublishBatchCommand({
            TopicArn: arn,
            PublishBatchRequestEntries: parcels.map(topicEntry),
          }),
        ),
    }));
  }

  async flush(): Promise<void> {
    await Promise.all([...this.#byAddress.values()].map((courier) => courier.flush()));
  }

  #forgetIdle(): void {
    for (const [address, courier] of this.#byAddress) {
      if (courier.idle) this.#byAddress.delete(address);
    }
  }

  #courier(address: string, options: () => ConstructorParameters<typeof Courier>[0]): Courier {
    const known = this.#byAddress.get(address);
    if (known !== undefined) return known;
    if (this.#byAddress.size >= mostRemembered) this.#forgetIdle();
    const made = new Courier(options());
    this.#byAddress.set(address, made);
    return made;
  }
}

/** Reply queues come and go. */
const mostRemembered = 1_000;

function queueEntry(parcel: Parcel, index: number, fifo: boolean): SendMessageBatchRequestEntry {
  const { wire, delaySeconds, messageGroup, deduplication } = parcel;
  return {
    Id: String(index),
    MessageBody: wire.body,
    MessageAttributes: wire.attributes,
    ...(messageGroup !== undefined && { MessageGroupId: messageGroup }),
    ...(fifo && { MessageDeduplicationId: deduplication }),
    ...(delaySeconds !== undefined && !fifo && { DelaySeconds: delaySeconds }),
  };
}

function topicEntry(parcel: Parcel, index: number): PublishBatchRequestEntry {
  const { wire, messageGroup, deduplication } = parcel;
  return {
    Id: String(index),
    Message: wire.body,
    MessageAttributes: wire.attributes,
    ...(messageGroup !== undefined && { MessageGroupId: messageGroup }),
    ...(deduplication !== undefined && { MessageDeduplicationId: deduplication }),
  };
}
