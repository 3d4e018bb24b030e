import {
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  paginateListQueues,
} from '@aws-sdk/client-sqs';
import type {
  MoveRequest,
  QueueDefinition,
  QueueInfo,
  Queues,
  StoredMessage,
  Subscriptions,
} from '@busbar/core';
import { failureOf } from '../clients/sdk-error.ts';
import { checkOwnName, companions, logicalName } from './names.ts';
import { toBusbarError } from './queue-directory.ts';
import type { PolicyPrinter } from './policy-printer.ts';
import type { QueueMaker, QueueMakerParts } from './queue-maker.ts';
import type { StoredMessages } from './stored-messages.ts';

/** What {@link SqsQueues} work with. */
export interface SqsQueuesParts extends QueueMakerParts {
  readonly maker: QueueMaker;
  readonly messages: StoredMessages;
  readonly subscriptions: Subscriptions;
  /** Says what would be needed instead of making anything. */
  readonly printer: PolicyPrinter | undefined;
}

/** Queues of an account, as operations see them. */
export class SqsQueues implements Queues {
  readonly #parts: SqsQueuesParts;

  constructor(parts: SqsQueuesParts) {
    this.#parts = parts;
  }

  async provision(queues: readonly QueueDefinition[]): Promise<void> {
    const { printer, maker } = this.#parts;
    for (const { name } of queues) checkOwnName(name);
    if (printer !== undefined) {
      await printer.provision(queues);
      return;
    }
    await Promise.all(queues.map((definition) => maker.make(definition)));
  }

  async missing(queues: readonly string[]): Promise<readonly string[]> {
    const found = await Promise.all(queues.map((queue) => this.#exists(queue)));
    return queues.filter((_queue, index) => found[index] === false);
  }

  async list(): Promise<readonly QueueInfo[]> {
    const { client, settings } = this.#parts;
    const { queuePrefix } = settings;
    const infos: QueueInfo[] = [];
    const pages = paginateListQueues(
      { client, pageSize: 1_000 },
      queuePrefix === '' ? {} : { QueueNamePrefix: queuePrefix },
    );
    for await (const { QueueUrls = [] } of pages) {
      for (let from = 0; from < QueueUrls.length; from += 10) {
        const some = QueueUrls.slice(from, from + 10).map((url) => this.#infoOf(url));
        infos.push(...(await Promise.all(some)).filter((info) => info !== undefined));
      }
    }
    return infos;
  }

  peek(queue: string, limit: number): Promise<readonly StoredMessage[]> {
    return this.#parts.messages.peek(queue, limit);
  }

  move(request: MoveRequest): Promise<number> {
    return this.#parts.messages.move(request);
  }

  async remove(queues: readonly string[]): Promise<void> {
    const { directory, subscriptions } = this.#parts;
    for (const queue of queues) {
      if ((await directory.findAgain(queue)) === undefined) continue;
      const topics = (await subscriptions.list(queue)) ?? [];
      if (topics.length > 0) await subscriptions.unsubscribe(queue, topics);
      const beside = Object.values(companions).map((suffix) => `${queue}${suffix}`);
      for (const name of [queue, ...beside]) await this.#delete(name);
    }
  }

  async #exists(queue: string): Promise<boolean> {
    try {
      return (await this.#parts.directory.findAgain(queue)) !== undefined;
    } catch (error) {
      throw toBusbarError(error, `finding the queue "${queue}"`, 'sqs:GetQueueUrl');
    }
  }

  async #delete(queue: string): Promise<void> {
    const { client, directory } = this.#parts;
    const found = await directory.findAgain(queue);
    directory.deleted(queue);
    if (found === undefined) return;
    try {
      await client.send(new DeleteQueueCommand({ QueueUrl: found.url }));
    } catch (error) {
      if (failureOf(error) === 'missing') return;
      throw toBusbarError(error, `deleting the queue "${queue}"`, 'sqs:DeleteQueue');
    }
  }

  /** Undefined for one that is gone meanwhile, or that is none of ours. */
  async #infoOf(url: string): Promise<QueueInfo | undefined> {
    const { client, settings } = this.#parts;
    const name = logicalName(url.slice(url.lastIndexOf('/') + 1), settings.queuePrefix);
    if (name === undefined) return undefined;
    try {
      const { Attributes = {} } = await client.send(
        new GetQueueAttributesCommand({
          QueueUrl: url,
          AttributeNames: [
            'ApproximateNumberOfMessages',
            'ApproximateNumberOfMessagesDelayed',
            'ApproximateNumberOfMessagesNotVisible',
          ],
        }),
      );
      return {
        name,
        ready: Number(Attributes['ApproximateNumberOfMessages'] ?? 0),
        delayed: Number(Attributes['ApproximateNumberOfMessagesDelayed'] ?? 0),
        inFlight: Number(Attributes['ApproximateNumberOfMessagesNotVisible'] ?? 0),
      };
    } catch (error) {
      if (failureOf(error) === 'missing') return undefined;
      throw toBusbarError(error, `counting the messages of "${name}"`, 'sqs:GetQueueAttributes');
    }
  }
}
