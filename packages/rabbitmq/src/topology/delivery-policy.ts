import type { ServerVersion } from '../connection/server-version.ts';
import { undeliverableName } from './names.ts';
import { literalPattern, shellWords } from './operator-text.ts';

/** How often the broker may deliver a message before it takes it away; far above what any endpoint does by itself. */
export const deliveryLimit = 100_000;

/** A limit below this one can meet a message that somebody would have handled. */
const leastDeliveryLimit = 1_000;

/** Since version 4 the broker has a limit of its own, and drops what reaches it. */
const firstMajorWithLimit = 4;
const brokersOwnLimit = 20;

/** What is set for each quorum queue: what reaches the limit is kept, and arrives there before it leaves. */
const definition = {
  'delivery-limit': deliveryLimit,
  'dead-letter-exchange': undeliverableName,
  'dead-letter-strategy': 'at-least-once',
  overflow: 'reject-publish',
} as const;

/** Only one policy applies to a queue. Those of an operator, whose priority is 0 or more, go before ours. */
const priority = -1;

/** What the management interface knows of a queue, and of the policies that apply to it. */
export interface QueueDetails {
  readonly type?: string | undefined;
  readonly policy?: string | undefined;
  readonly arguments?: Definition | undefined;
  readonly definition?: Definition | undefined;
  readonly operatorDefinition?: Definition | undefined;
}

/** Arguments of a queue, or settings of a policy. */
export type Definition = Readonly<Record<string, unknown>>;

/** How often the broker gives a message of the queue back after its first delivery. */
export function deliveryLimitOf(queue: QueueDetails, server: ServerVersion): number {
  const limits = [
    queue.arguments?.['x-delivery-limit'],
    queue.definition?.['delivery-limit'],
    queue.operatorDefinition?.['delivery-limit'],
  ].filter((limit) => typeof limit === 'number');
  const ownLimit = hasOwnLimit(server);
  if (limits.length === 0) return ownLimit ? brokersOwnLimit : Infinity;
  // A negative one switches it off since version 4; before, it took every message away that came back.
  return Math.min(...limits.map((limit) => (limit < 0 && ownLimit ? Infinity : limit)));
}

/** What to do about one queue. */
export type PolicyStep =
  | { readonly step: 'nothing' | 'set' }
  /** An operator's policy applies, and messages could be lost. */
  | { readonly step: 'warn'; readonly limit: number };

/** Decides it; never against a policy that an operator has set. */
export function policyStep(name: string, queue: QueueDetails, server: ServerVersion): PolicyStep {
  if (queue.type !== 'quorum') return { step: 'nothing' };
  const { policy, definition: current } = queue;
  if (policy === undefined) return { step: 'set' };
  if (policy === policyName(name)) {
    const names = Object.keys(definition) as (keyof typeof definition)[];
    const same = names.every((each) => current?.[each] === definition[each]);
    return { step: same ? 'nothing' : 'set' };
  }
  const limit = deliveryLimitOf(queue, server);
  return limit < leastDeliveryLimit ? { step: 'warn', limit } : { step: 'nothing' };
}

function hasOwnLimit({ product, major }: ServerVersion): boolean {
  return product === 'RabbitMQ' && major >= firstMajorWithLimit;
}

export function policyName(queue: string): string {
  return `busbar.${queue}`;
}

/** The policy as the management interface takes it. */
export function policyBody(queue: string): object {
  return { pattern: patternOf(queue), 'apply-to': 'queues', priority, definition };
}

function patternOf(queue: string): string {
  return `^${literalPattern(queue)}$`;
}

/** What an operator types to have the same. */
export function policyCommand(vhost: string, queue: string): string {
  const words = [policyName(queue), patternOf(queue), JSON.stringify(definition)];
  return `rabbitmqctl set_policy --vhost ${shellWords([vhost])} --priority ${priority} --apply-to queues ${shellWords(words)}`;
}
