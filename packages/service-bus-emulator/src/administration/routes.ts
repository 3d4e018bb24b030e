import {
  type AdministrationRequest,
  type AdministrationResponse,
  methodNotAllowed,
  pageOf,
} from './administration-request.ts';
import { type Entry, writeEntry, writeFeed } from './atom.ts';
import { queueEntry, subscriptionEntry, topicEntry } from './descriptions.ts';
import { onQueueOrTopic, onRule, onSubscription } from './entity-resources.ts';
import { writeRule } from './rule-description.ts';
import { element } from './xml.ts';

const subscriptionPath = /^(.+)\/subscriptions\/([^/]+)$/i;
const subscriptionsPath = /^(.+)\/subscriptions\/?$/i;
const rulePath = /^(.+)\/subscriptions\/([^/]+)\/rules\/([^/]+)$/i;
const rulesPath = /^(.+)\/subscriptions\/([^/]+)\/rules\/?$/i;

/** @throws BrokerFault */
export function route(request: AdministrationRequest): AdministrationResponse {
  const { path, namespace, host } = request;
  switch (path.toLowerCase()) {
    case '$namespaceinfo':
      return namespaceInfo(request);
    case '$resources/queues':
      return list(
        request,
        namespace.entities('queue').map((queue) => queueEntry(queue, host)),
      );
    case '$resources/topics':
      return list(
        request,
        namespace.entities('topic').map((topic) => topicEntry(topic, host)),
      );
    default:
      return routeEntity(request);
  }
}

function routeEntity(request: AdministrationRequest): AdministrationResponse {
  const { path, namespace, host } = request;
  const [, ruleTopic, ruleSubscription, rule] = rulePath.exec(path) ?? [];
  if (ruleTopic !== undefined && ruleSubscription !== undefined && rule !== undefined) {
    return onRule(request, namespace.topic(ruleTopic).subscription(ruleSubscription), rule);
  }
  const [, rulesTopic, rulesSubscription] = rulesPath.exec(path) ?? [];
  if (rulesTopic !== undefined && rulesSubscription !== undefined) {
    const subscription = namespace.topic(rulesTopic).subscription(rulesSubscription);
    const entries = [...subscription.rules.values()].map((each): Entry => {
      return {
        path: `${subscription.address}/Rules/${each.name}`,
        createdAt: each.createdAt,
        updatedAt: each.createdAt,
        kind: 'RuleDescription',
        content: writeRule(each),
      };
    });
    return list(request, entries);
  }
  const [, topic, subscription] = subscriptionPath.exec(path) ?? [];
  if (topic !== undefined && subscription !== undefined) {
    return onSubscription(request, topic, subscription);
  }
  const [, subscriptionsTopic] = subscriptionsPath.exec(path) ?? [];
  if (subscriptionsTopic !== undefined) {
    const subscriptions = [...namespace.topic(subscriptionsTopic).subscriptions];
    const sorted = subscriptions.sort(([one], [other]) => (one < other ? -1 : 1));
    return list(
      request,
      sorted.map(([, each]) => subscriptionEntry(each, host)),
    );
  }
  return onQueueOrTopic(request);
}

function list(request: AdministrationRequest, entries: readonly Entry[]): AdministrationResponse {
  if (request.method !== 'GET') throw methodNotAllowed(request);
  return { status: 200, body: writeFeed(request.host, entries, pageOf(request)) };
}

function namespaceInfo(request: AdministrationRequest): AdministrationResponse {
  if (request.method !== 'GET') throw methodNotAllowed(request);
  const { namespace, host } = request;
  const createdAt = new Date(namespace.createdAt).toISOString();
  const isPremium = namespace.limits.tier === 'premium';
  const body = writeEntry(host, {
    path: '$namespaceinfo',
    createdAt: namespace.createdAt,
    updatedAt: namespace.createdAt,
    kind: 'NamespaceInfo',
    content: [
      element('CreatedTime', createdAt),
      element('MessagingSKU', isPremium ? 'Premium' : 'Standard'),
      element('MessagingUnits', isPremium ? 1 : undefined),
      element('ModifiedTime', createdAt),
      element('Name', namespace.name),
      element('NamespaceType', 'Messaging'),
    ].join(''),
  });
  return { status: 200, body };
}
