import {
  defaultQueueSettings,
  defaultSubscriptionSettings,
  defaultTopicSettings,
  type QueueSettings,
  type SubscriptionSettings,
  type TopicSettings,
} from '../broker/entity-settings.ts';
import { invalidArgument } from '../broker/broker-fault.ts';
import type { Subscription } from '../broker/subscription.ts';
import {
  type AdministrationRequest,
  type AdministrationResponse,
  descriptionIn,
  methodNotAllowed,
} from './administration-request.ts';
import { writeEntry } from './atom.ts';
import {
  queueEntry,
  queueFields,
  subscriptionEntry,
  subscriptionFields,
  topicEntry,
  topicFields,
} from './descriptions.ts';
import { readRule, writeRule } from './rule-description.ts';
import { readSettings } from './setting-fields.ts';
import { child, parseXml } from './xml.ts';

/** What an update that leaves them out takes away. Everything else stays as it is. */
const withoutForwarding = { forwardTo: undefined, forwardDeadLetteredTo: undefined };

export function onQueueOrTopic(request: AdministrationRequest): AdministrationResponse {
  const { method, namespace, path, host } = request;
  switch (method) {
    case 'GET': {
      const entity = namespace.get(path);
      return ok(
        writeEntry(
          host,
          entity.kind === 'queue' ? queueEntry(entity, host) : topicEntry(entity, host),
        ),
      );
    }
    case 'PUT':
      return isTopic(request) ? putTopic(request) : putQueue(request);
    case 'DELETE':
      namespace.delete(path);
      return ok('');
    default:
      throw methodNotAllowed(request);
  }
}

function isTopic({ body }: AdministrationRequest): boolean {
  return child(child(child(parseXml(body), 'entry'), 'content'), 'TopicDescription') !== undefined;
}

function putQueue(request: AdministrationRequest): AdministrationResponse {
  const { namespace, path, host, isUpdate } = request;
  const given = readSettings<QueueSettings>(
    queueFields,
    descriptionIn(request, 'QueueDescription'),
  );
  if (!isUpdate) {
    const queue = namespace.createQueue(path, { ...defaultQueueSettings, ...given });
    return created(writeEntry(host, queueEntry(queue, host)));
  }
  const { settings } = namespace.queue(path);
  const queue = namespace.updateQueue(path, { ...settings, ...withoutForwarding, ...given });
  return ok(writeEntry(host, queueEntry(queue, host)));
}

function putTopic(request: AdministrationRequest): AdministrationResponse {
  const { namespace, path, host, isUpdate } = request;
  const given = readSettings<TopicSettings>(
    topicFields,
    descriptionIn(request, 'TopicDescription'),
  );
  if (!isUpdate) {
    const topic = namespace.createTopic(path, { ...defaultTopicSettings, ...given });
    return created(writeEntry(host, topicEntry(topic, host)));
  }
  const { settings } = namespace.topic(path);
  return ok(
    writeEntry(host, topicEntry(namespace.updateTopic(path, { ...settings, ...given }), host)),
  );
}

export function onSubscription(
  request: AdministrationRequest,
  topic: string,
  name: string,
): AdministrationResponse {
  const { method, namespace, host } = request;
  switch (method) {
    case 'GET':
      return ok(
        writeEntry(host, subscriptionEntry(namespace.topic(topic).subscription(name), host)),
      );
    case 'PUT':
      return putSubscription(request, topic, name);
    case 'DELETE':
      namespace.deleteSubscription(topic, name);
      return ok('');
    default:
      throw methodNotAllowed(request);
  }
}

function putSubscription(
  request: AdministrationRequest,
  topic: string,
  name: string,
): AdministrationResponse {
  const { namespace, host, isUpdate } = request;
  const node = descriptionIn(request, 'SubscriptionDescription');
  const given = readSettings<SubscriptionSettings>(subscriptionFields, node);
  if (isUpdate) {
    const { settings } = namespace.topic(topic).subscription(name);
    const all = { ...settings, ...withoutForwarding, ...given };
    const subscription = namespace.updateSubscription(topic, name, all);
    return ok(writeEntry(host, subscriptionEntry(subscription, host)));
  }
  const firstRule = child(node, 'DefaultRuleDescription');
  // Read before anything is made, so that a bad rule leaves no subscription without one behind.
  const rule = firstRule === undefined ? undefined : readRule(firstRule);
  const subscription = namespace.createSubscription(topic, name, {
    ...defaultSubscriptionSettings,
    ...given,
  });
  subscription.addRule(rule?.name ?? '$Default', rule?.filter, rule?.action);
  return created(writeEntry(host, subscriptionEntry(subscription, host)));
}

export function onRule(
  request: AdministrationRequest,
  subscription: Subscription,
  name: string,
): AdministrationResponse {
  switch (request.method) {
    case 'GET':
      return ok(ruleEntry(request, subscription, name));
    case 'PUT': {
      const { filter, action, name: inside } = readRule(descriptionIn(request, 'RuleDescription'));
      if (inside !== undefined && inside.toLowerCase() !== name.toLowerCase()) {
        throw invalidArgument(
          `The rule is named '${inside}' in the body and '${name}' in the path.`,
        );
      }
      if (request.isUpdate) {
        subscription.replaceRule(name, filter, action);
        return ok(ruleEntry(request, subscription, name));
      }
      subscription.addRule(name, filter, action);
      return created(ruleEntry(request, subscription, name));
    }
    case 'DELETE':
      subscription.removeRule(name);
      return ok('');
    default:
      throw methodNotAllowed(request);
  }
}

function ruleEntry(
  { host }: AdministrationRequest,
  subscription: Subscription,
  name: string,
): string {
  const rule = subscription.rule(name);
  return writeEntry(host, {
    path: `${subscription.address}/Rules/${rule.name}`,
    createdAt: rule.createdAt,
    updatedAt: rule.createdAt,
    kind: 'RuleDescription',
    content: writeRule(rule),
  });
}

function ok(body: string): AdministrationResponse {
  return { status: 200, body };
}

function created(body: string): AdministrationResponse {
  return { status: 201, body };
}
