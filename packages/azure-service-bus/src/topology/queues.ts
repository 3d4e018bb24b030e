import type { QueueProperties, ServiceBusAdministrationClient } from '@azure/service-bus';
import type { MoveRequest, QueueDefinition, QueueInfo, Queues, StoredMessage } from '@busbar/core';
import {
  type Administration,
  existsAlready,
  isDenial,
  isMissing,
  isoDuration,
} from './administration.ts';
import type { EntityProbe } from './entity-probe.ts';
import { existingQueue, isTopic } from './existing-queue.ts';
import { inParallel } from './in-parallel.ts';
import { checkQueueName, subscriptionName, topicEntity } from './names.ts';
import {
  differencesOf,
  idleMs,
  mostDeliveries,
  queueSettings,
  sizeWords,
} from './queue-settings.ts';
import { listPlaces } from './queue-list.ts';
import type { StoredMessages } from './stored-messages.ts';
import { TopicDirectory } from './topic-directory.ts';

/** What {@link ServiceBusQueues} works with. */
export interface ServiceBusQueuesParts {
  readonly administration: Administration;
  readonly probe: EntityProbe;
  readonly messages: StoredMessages;
  /** Messages of a queue that our own receivers hold, which the service counts as waiting. */
  readonly heldOf: (queue: string) => number;
}

/** Queues of a namespace, as operations see them. */
export class ServiceBusQueues implements Queues {
  readonly #parts: ServiceBusQueuesParts;

  constructor(parts: ServiceBusQueuesParts) {
    this.#parts = parts;
  }

  async provision(queues: readonly QueueDefinition[]): Promise<void> {
    for (const { name } of queues) checkQueueName(name);
    const { administration } = this.#parts;
    if (administration.prints) {
      for (const queue of queues) administration.print(this.#command(queue));
      return;
    }
    await inParallel(queues, (queue) =>
      administration.act(`provisioning the queue "${queue.name}"`, this.#command(queue), (client) =>
        this.#provision(client, queue),
      ),
    );
  }

  async missing(queues: readonly string[]): Promise<readonly string[]> {
    const { administration, probe } = this.#parts;
    const found = await inParallel(queues, async (queue) => {
      const answer = await administration.ask(
        `looking for the queue "${queue}"`,
        // The SDK's own question says no to any error.
        async (client) => ({ exists: (await existingQueue(client, queue)) !== undefined }),
      );
      return isDenial(answer) ? probe.exists(queue) : answer.exists;
    });
    return queues.filter((_, index) => found[index] === false);
  }

  async list(): Promise<readonly QueueInfo[]> {
    const { administration, heldOf } = this.#parts;
    return administration.act(
      'listing the queues',
      administration.command('queue list'),
      (client) => listPlaces(client, heldOf),
    );
  }

  peek(queue: string, limit: number): Promise<readonly StoredMessage[]> {
    return this.#parts.messages.peek(queue, limit);
  }

  move(request: MoveRequest): Promise<number> {
    return this.#parts.messages.move(request);
  }

  async remove(queues: readonly string[]): Promise<void> {
    const { administration } = this.#parts;
    for (const queue of queues) {
      await administration.act(
        `removing the queue "${queue}"`,
        administration.command(`queue delete --name ${queue}`),
        (client) => removeQueue(client, queue),
      );
    }
  }

  async #provision(
    client: ServiceBusAdministrationClient,
    definition: QueueDefinition,
  ): Promise<void> {
    const { name } = definition;
    const { administration } = this.#parts;
    const existing = await existingQueue(client, name);
    if (existing !== undefined) {
      this.#compare(existing, definition);
      return;
    }
    for (const count of mostDeliveries) {
      try {
        await client.createQueue(name, queueSettings(definition, administration.settings, count));
        return;
      } catch (error) {
        if (existsAlready(error)) {
          // Made by another process meanwhile, or there is a topic of this name.
          const made = await existingQueue(client, name);
          if (made === undefined) throw isTopic(name);
          this.#compare(made, definition);
          return;
        }
        const { statusCode } = error as { readonly statusCode?: unknown };
        if (statusCode !== 400 || count === mostDeliveries.at(-1)) throw error;
      }
    }
  }

  #compare(existing: QueueProperties, definition: QueueDefinition): void {
    const { administration } = this.#parts;
    const { name } = definition;
    const { maxMessageBytes } = administration.settings;
    for (const difference of differencesOf(existing, definition, maxMessageBytes)) {
      administration.warnOnce(
        `queue ${name} ${difference}`,
        `The queue "${name}" is used as it is: ${difference}.`,
      );
    }
  }

  #command({ name, ordered, expiresUnusedMs }: QueueDefinition): string {
    const { administration } = this.#parts;
    const { lockDurationMs, maxMessageBytes } = administration.settings;
    const words = [
      `queue create --name ${name} --max-delivery-count 2000 --lock-duration ${isoDuration(lockDurationMs)}`,
      ...(ordered === true ? ['--enable-session true'] : []),
      ...(expiresUnusedMs === undefined
        ? []
        : [`--auto-delete-on-idle ${isoDuration(idleMs(expiresUnusedMs))}`]),
      ...sizeWords(maxMessageBytes),
    ];
    return administration.command(words.join(' '));
  }
}

async function removeQueue(client: ServiceBusAdministrationClient, queue: string): Promise<void> {
  const topics = await new TopicDirectory().topicsOf(client, queue);
  const subscription = subscriptionName(queue);
  await inParallel(topics, async (topic) => {
    await client.deleteSubscription(topicEntity(topic), subscription).catch(ignoreMissing);
  });
  await client.deleteQueue(queue).catch(ignoreMissing);
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}
