import { entityNotFound } from './broker-fault.ts';
import type { Mailbox, MailboxKind } from './mailbox.ts';
import type { Mailboxes } from './mailboxes.ts';
import type { Namespace } from './namespace.ts';
import type { Queue } from './queue.ts';
import type { Subscription } from './subscription.ts';
import type { Topic } from './topic.ts';

const managementSuffix = '/$management';
const subQueues: readonly { suffix: string; kind: MailboxKind }[] = [
  { suffix: '/$transfer/$deadletterqueue', kind: 'transferDeadLetters' },
  { suffix: '/$deadletterqueue', kind: 'deadLetters' },
];

export interface Address {
  /** `queue`, `topic`, or `topic/Subscriptions/subscription`. */
  readonly entity: string;
  readonly subQueue: MailboxKind;
  readonly management: boolean;
}

/** Takes apart what links and tokens are addressed to, as a path or as a URL of the namespace. */
export function parseAddress(text: string): Address {
  let path = text.replace(/^[a-z]+:\/\/[^/]*/i, '').replace(/^\/+|\/+$/g, '');
  const management = path.toLowerCase().endsWith(managementSuffix);
  if (management) path = path.slice(0, -managementSuffix.length);
  for (const { suffix, kind } of subQueues) {
    if (path.toLowerCase().endsWith(suffix)) {
      return { entity: path.slice(0, -suffix.length), subQueue: kind, management };
    }
  }
  return { entity: path, subQueue: 'main', management };
}

/** @throws BrokerFault when there is no such entity */
export function findEntity(namespace: Namespace, path: string): Queue | Topic | Subscription {
  const [, topic, subscription] = /^(.+)\/subscriptions\/([^/]+)$/i.exec(path) ?? [];
  if (topic === undefined || subscription === undefined) return namespace.get(path);
  return namespace.topic(topic).subscription(subscription);
}

/** @throws BrokerFault when there is nothing to receive from at the address */
export function findMailboxes(namespace: Namespace, path: string): Mailboxes {
  const entity = findEntity(namespace, path);
  if (entity.kind === 'topic') throw entityNotFound(path);
  return entity.mailboxes;
}

/** @throws BrokerFault when there is nothing to receive from at the address */
export function findMailbox(namespace: Namespace, { entity, subQueue }: Address): Mailbox {
  return findMailboxes(namespace, entity)[subQueue];
}
