import type { TransportHost } from '@busbar/core';
import type { ServerVersion } from '../connection/server-version.ts';
import type { RabbitMqSettings } from '../rabbitmq-options.ts';
import {
  type Definition,
  type QueueDetails,
  deliveryLimit,
  deliveryLimitOf,
  policyBody,
  policyCommand,
  policyName,
  policyStep,
} from './delivery-policy.ts';
import type { ManagementApi } from './management-api.ts';
import { literalPattern } from './operator-text.ts';

/** A queue in the list of the management interface. */
interface ListedQueue {
  readonly name: string;
  readonly type?: string;
  readonly arguments?: Definition;
  readonly policy?: string | null;
  readonly operator_policy?: string | null;
}

interface ListedPolicy {
  readonly name: string;
  readonly definition: Definition;
}

/** Names that fit into one URL. */
const mostNames = 20;

/** Sets the policies of quorum queues where it may, and says what to do where it may not. */
export class DeliveryPolicies {
  readonly #management: ManagementApi;
  readonly #settings: RabbitMqSettings;
  readonly #host: TransportHost;
  readonly #printed = new Set<string>();

  constructor(management: ManagementApi, settings: RabbitMqSettings, host: TransportHost) {
    this.#management = management;
    this.#settings = settings;
    this.#host = host;
  }

  /** Never rejects over what the management interface does. */
  async apply(queues: readonly string[], server: ServerVersion): Promise<void> {
    const details = await this.#detailsOf(queues);
    if (typeof details === 'string') {
      this.#print(queues, details, server);
      return;
    }
    const undone: string[] = [];
    let why = '';
    for (const [queue, each] of details) {
      const decision = policyStep(queue, each, server);
      if (decision.step === 'warn') this.#warn(queue, each.policy, decision.limit);
      if (decision.step !== 'set') continue;
      const path = this.#path('policies', policyName(queue));
      const set = await this.#management.put(path, policyBody(queue));
      if (set.outcome !== 'unavailable') continue;
      why = set.reason;
      undone.push(queue);
    }
    this.#print(undone, why, server);
  }

  /** What there is of a queue; undefined where that cannot be asked. */
  async detailsOf(queue: string): Promise<QueueDetails | undefined> {
    const details = await this.#detailsOf([queue]);
    return typeof details === 'string' ? undefined : details.get(queue);
  }

  async remove(queue: string): Promise<void> {
    await this.#management.delete(this.#path('policies', policyName(queue)));
  }

  /** What there is of these queues, by name; or why it cannot be told. */
  async #detailsOf(queues: readonly string[]): Promise<Map<string, QueueDetails> | string> {
    const own = await this.#definitions('policies');
    if (typeof own === 'string') return own;
    // Not everybody may see these.
    const answer = await this.#definitions('operator-policies');
    const operators = typeof answer === 'string' ? new Map<string, Definition>() : answer;
    const details = new Map<string, QueueDetails>();
    for (let first = 0; first < queues.length; first += mostNames) {
      const listed = await this.#list(queues.slice(first, first + mostNames));
      if (typeof listed === 'string') return listed;
      for (const { name, type, arguments: all, policy, operator_policy: operator } of listed) {
        details.set(name, {
          type,
          arguments: all,
          policy: policy || undefined,
          definition: own.get(policy ?? ''),
          operatorDefinition: operators.get(operator ?? ''),
        });
      }
    }
    return details;
  }

  /** Asked for with statistics, or for one queue alone, a queue shows its policy only after ten seconds. */
  async #list(queues: readonly string[]): Promise<readonly ListedQueue[] | string> {
    const pattern = encodeURIComponent(`^(${queues.map(literalPattern).join('|')})$`);
    const query = `page=1&page_size=${mostNames}&use_regex=true&name=${pattern}`;
    const answer = await this.#management.get(
      `/queues/${this.#management.vhost}?${query}&disable_stats=true&enable_queue_totals=true`,
    );
    if (answer.outcome === 'unavailable') return answer.reason;
    if (answer.outcome === 'missing') return 'it does not know the virtual host';
    return (answer.value as { readonly items: readonly ListedQueue[] }).items;
  }

  async #definitions(
    kind: 'policies' | 'operator-policies',
  ): Promise<Map<string, Definition> | string> {
    const answer = await this.#management.get(`/${kind}/${this.#management.vhost}`);
    if (answer.outcome === 'unavailable') return answer.reason;
    const policies = answer.outcome === 'ok' ? (answer.value as readonly ListedPolicy[]) : [];
    return new Map(policies.map(({ name, definition }) => [name, definition]));
  }

  #warn(queue: string, policy: string | undefined, limit: number): void {
    this.#host.logger.warn(
      { queue, policy, limit },
      `RabbitMQ takes messages out of "${queue}" after ${limit} deliveries: give its policy "${policy}" a delivery-limit of ${deliveryLimit}`,
    );
  }

  /** Once for each queue. */
  #print(undone: readonly string[], why: string, server: ServerVersion): void {
    const queues = undone.filter((queue) => !this.#printed.has(queue));
    if (queues.length === 0) return;
    for (const queue of queues) this.#printed.add(queue);
    const { addresses, management } = this.#settings;
    const vhost = addresses[0]?.vhost ?? '/';
    const commands = queues.map((queue) => policyCommand(vhost, queue));
    const limit = deliveryLimitOf({}, server);
    // Who switched the interface off sees to policies without it.
    const level = Number.isFinite(limit) && management !== false ? 'warn' : 'info';
    const what = Number.isFinite(limit)
      ? `RabbitMQ ${server.version} drops a message after ${limit} deliveries unless a policy says otherwise`
      : 'RabbitMQ keeps what cannot be delivered only with a policy';
    this.#host.logger[level](
      { queues, why },
      `${what}, and the management interface could not set one (${why}). Unless it is done already, run: ${commands.join(' && ')}`,
    );
  }

  #path(kind: 'policies', name: string): string {
    return `/${kind}/${this.#management.vhost}/${encodeURIComponent(name)}`;
  }
}
