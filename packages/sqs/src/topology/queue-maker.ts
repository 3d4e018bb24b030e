import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type QueueAttributeName,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { BusbarError, type Logger, type QueueDefinition, pause, type Clock } from '@busbar/core';
import { asError } from '@busbar/core';
import { leastRetentionSeconds } from '../message/limits.ts';
import type { SqsSettings } from '../sqs-options.ts';
import { companions, fifoSuffix, queueName } from './names.ts';
import { type QueueAttributes, differencesOf, queueAttributes } from './queue-attributes.ts';
import { type KnownQueue, type QueueDirectory, toBusbarError } from './queue-directory.ts';

/** What a {@link QueueMaker} works with. */
export interface QueueMakerParts {
  readonly client: SQSClient;
  readonly directory: QueueDirectory;
  readonly settings: SqsSettings;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A name may be taken again a minute after its queue was deleted. */
const deletedRecently = /QueueDeletedRecently/;
const mostTries = 8;
const pauseMs = 10_000;

/** Makes queues with what belongs to them, and looks at those that are there. */
export class QueueMaker {
  readonly #parts: QueueMakerParts;
  readonly #warned = new Set<string>();

  constructor(parts: QueueMakerParts) {
    this.#parts = parts;
  }

  /** A queue with its dead-letter queue, and its queue of delayed messages where it is ordered. */
  async make(definition: QueueDefinition): Promise<KnownQueue> {
    try {
      return await this.#make(definition);
    } catch (error) {
      throw toBusbarError(error, `making the queue "${definition.name}"`, 'sqs:GetQueueUrl');
    }
  }

  async #make({ name, ordered = false, use }: QueueDefinition): Promise<KnownQueue> {
    const { directory, settings } = this.#parts;
    const there = await directory.findAgain(name);
    if (there !== undefined && ordered && !there.fifo) throw cannotBeOrdered(name);
    if (there !== undefined && there.fifo && !ordered) {
      this.#warn(name, `The queue "${name}" is a FIFO queue, and is used as it is.`);
    }
    const fifo = there?.fifo ?? ordered;
    // What is in an archive is looked at again and again, and must not be taken for what fails.
    const dead =
      use === 'archive'
        ? undefined
        : await this.#queue(`${name}${companions.dead}`, fifo, queueAttributes(settings, { fifo }));
    const deadLetterArn = dead === undefined ? undefined : await directory.arnOf(dead);
    const wanted = queueAttributes(settings, {
      fifo,
      ...(deadLetterArn !== undefined && { deadLetterArn }),
    });
    const made = await this.#queue(name, fifo, wanted);
    if (fifo) await this.#delayQueue(name);
    return made;
  }

  /** The queue for events that SNS cannot bring. */
  undelivered(queue: KnownQueue): Promise<KnownQueue> {
    const { fifo } = queue;
    const name = `${queue.queue}${companions.undelivered}`;
    // Where a key of KMS keeps SNS out of the queue, it must not keep it out of this one, too.
    const settings: SqsSettings = { ...this.#parts.settings, encryption: 'sqs-managed' };
    return this.#queue(name, fifo, queueAttributes(settings, { fifo }));
  }

  #delayQueue(name: string): Promise<KnownQueue> {
    const { settings } = this.#parts;
    return this.#queue(
      `${name}${companions.delay}`,
      false,
      queueAttributes(settings, { fifo: false }),
    );
  }

  async #queue(queue: string, fifo: boolean, wanted: QueueAttributes): Promise<KnownQueue> {
    const { client, clock, directory, settings } = this.#parts;
    const name = `${queueName(queue, settings.queuePrefix, fifo)}${fifo ? fifoSuffix : ''}`;
    for (let tries = 1; ; tries += 1) {
      try {
        const { QueueUrl = '' } = await client.send(
          new CreateQueueCommand({ QueueName: name, Attributes: wanted }),
        );
        const made = { queue, url: QueueUrl, fifo };
        directory.made(made);
        // Whoever is told that it is there uses it at once.
        await directory.arnOf(made);
        return made;
      } catch (error) {
        const { name: code } = asError(error);
        if (/QueueNameExists|QueueAlreadyExists/.test(code)) return this.#asItIs(queue, wanted);
        if (!deletedRecently.test(code) || tries === mostTries) {
          throw toBusbarError(error, `making the queue "${queue}"`, 'sqs:CreateQueue');
        }
        await pause(clock, pauseMs);
      }
    }
  }

  /** Somebody made it otherwise: that is the operator's choice, but not in silence. */
  async #asItIs(queue: string, wanted: QueueAttributes): Promise<KnownQueue> {
    const { client, directory } = this.#parts;
    const there = await directory.get(queue);
    const names = Object.keys(wanted) as QueueAttributeName[];
    const asking = client.send(
      new GetQueueAttributesCommand({ QueueUrl: there.url, AttributeNames: names }),
    );
    const { Attributes = {} } = await asking.catch((error: unknown) => {
      throw toBusbarError(error, `looking at the queue "${queue}"`, 'sqs:GetQueueAttributes');
    });
    const differing = differencesOf(wanted, Attributes);
    const kept = Number(Attributes.MessageRetentionPeriod ?? leastRetentionSeconds);
    const loses =
      kept < leastRetentionSeconds
        ? ` It keeps messages for ${kept} s, delays included, which loses messages that wait: give it ${leastRetentionSeconds} s or more.`
        : '';
    if (differing.length > 0) {
      const text = `The queue "${queue}" is used as it is; it differs in ${differing.join(', ')}.`;
      this.#warn(queue, `${text}${loses}`);
    }
    return there;
  }

  #warn(queue: string, text: string): void {
    if (this.#warned.has(queue)) return;
    this.#warned.add(queue);
    this.#parts.logger.warn({ queue }, text);
  }
}

function cannotBeOrdered(queue: string): BusbarError {
  return new BusbarError(
    'INVALID_CONFIGURATION',
    `The queue "${queue}" should keep order, and is there as a standard queue of SQS, which keeps none.`,
    {
      help: 'Empty and delete it, then provision again: SQS cannot make a FIFO queue of it.',
      details: { queue, setting: 'ordered' },
    },
  );
}
