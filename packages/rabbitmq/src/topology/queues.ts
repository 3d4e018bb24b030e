import {
  BusbarError,
  type MoveRequest,
  type QueueDefinition,
  type QueueInfo,
  type Queues,
  type StoredMessage,
} from '@busbar/core';
import { DeliveryPolicies } from './delivery-policies.ts';
import type { ManagementApi } from './management-api.ts';
import { checkQueueName, endpointExchange, undeliverableName } from './names.ts';
import { type HeldOf, QueueCounts } from './queue-counts.ts';
import { checkOrdered, queueDeclaration } from './queue-declaration.ts';
import { brokerText, differenceOf, toBusbarError } from './refusal.ts';
import { type Republisher, StoredMessages } from './stored-messages.ts';
import type { Topology } from './topology.ts';

/** What {@link RabbitMqQueues} works with. */
export interface RabbitMqQueuesParts {
  readonly topology: Topology;
  readonly management: ManagementApi;
  readonly republisher: Republisher;
  /** For the counts of what this connection's own receivers hold, which AMQP does not tell. */
  readonly heldOf?: HeldOf;
}

/** Queues of a virtual host, as operations see them. */
export class RabbitMqQueues implements Queues {
  readonly #topology: Topology;
  readonly #policies: DeliveryPolicies;
  readonly #counts: QueueCounts;
  readonly #messages: StoredMessages;
  /** What was provisioned or asked about: without the management interface only these can be listed. */
  readonly #known = new Set<string>();

  constructor({ topology, management, republisher, heldOf = () => 0 }: RabbitMqQueuesParts) {
    this.#topology = topology;
    this.#policies = new DeliveryPolicies(management, topology.settings, topology.host);
    this.#counts = new QueueCounts(topology, management, heldOf);
    this.#messages = new StoredMessages(topology, this.#policies, republisher);
  }

  /** The delay queues are made as well: every endpoint may delay, a retry for example. */
  async provision(definitions: readonly QueueDefinition[]): Promise<void> {
    const { side, settings } = this.#topology;
    for (const { name } of definitions) checkQueueName(name, settings.delayPrefix);
    await this.#topology.ensureLadder();
    this.#known.add(undeliverableName);
    const missing: string[] = [];
    const limited = [undeliverableName];
    for (const definition of definitions) {
      const { name } = definition;
      const state = await this.#declare(definition);
      if (state === 'missing') {
        missing.push(name);
        continue;
      }
      this.#known.add(name);
      await this.#topology.ensureDelayBinding(name);
      if (state === 'quorum') limited.push(name);
    }
    if (missing.length > 0) throw mayNotMake(missing);
    const server = await side.run('asking for the version', async (_, session) => session.server);
    await this.#policies.apply(limited, server);
  }

  async missing(queues: readonly string[]): Promise<readonly string[]> {
    const missing: string[] = [];
    for (const queue of queues) {
      if (await this.#topology.declarations.exists('queue', queue)) this.#known.add(queue);
      else missing.push(queue);
    }
    return missing;
  }

  list(): Promise<readonly QueueInfo[]> {
    return this.#counts.list(this.#known);
  }

  peek(queue: string, limit: number): Promise<readonly StoredMessage[]> {
    this.#known.add(queue);
    return this.#messages.peek(queue, limit);
  }

  move(request: MoveRequest): Promise<number> {
    this.#known.add(request.from).add(request.to);
    return this.#messages.move(request);
  }

  async remove(queues: readonly string[]): Promise<void> {
    for (const queue of queues) {
      const what = `removing the queue "${queue}"`;
      try {
        // The broker does not mind what is missing.
        await this.#topology.side.run(what, async (channel) => {
          await channel.deleteQueue(queue);
          await channel.deleteExchange(endpointExchange(queue));
        });
      } catch (error) {
        throw toBusbarError(error, what);
      }
      await this.#policies.remove(queue);
      this.#known.delete(queue);
    }
    this.#topology.forget();
  }

  async #declare(definition: QueueDefinition): Promise<'quorum' | 'other' | 'missing'> {
    const { declarations, settings, side } = this.#topology;
    const declaration = queueDeclaration(definition, settings);
    const declared = await declarations.queue(declaration);
    if (declared.outcome === 'missing') return 'missing';
    if (declared.outcome === 'differs') {
      if (definition.ordered === true) await checkOrdered(side, definition.name);
      const text = `The queue "${definition.name}" is used as it is: ${brokerText(declared.error)}`;
      declarations.warnOnce(`queue ${definition.name}`, text);
    }
    const asked = declaration.arguments['x-queue-type'];
    const otherType =
      declared.outcome === 'differs' && differenceOf(declared.error)?.argument === 'x-queue-type';
    return asked === 'quorum' && !otherType ? 'quorum' : 'other';
  }
}

function mayNotMake(missing: readonly string[]): BusbarError {
  const names = missing.map((queue) => `"${queue}"`).join(', ');
  return new BusbarError(
    'MISSING_QUEUE',
    `These queues do not exist, and the user may not make them: ${names}.`,
    {
      help: 'Run `endpoint.provision()` once as a user who may configure them.',
      details: { missing },
    },
  );
}
