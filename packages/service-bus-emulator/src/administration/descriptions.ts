import type {
  QueueSettings,
  SubscriptionSettings,
  TopicSettings,
} from '../broker/entity-settings.ts';
import type { EntityTimes } from '../broker/entity-times.ts';
import type { Mailboxes } from '../broker/mailboxes.ts';
import type { Queue } from '../broker/queue.ts';
import type { Subscription } from '../broker/subscription.ts';
import type { Topic } from '../broker/topic.ts';
import type { Entry } from './atom.ts';
import { type SettingField, writeSettings } from './setting-fields.ts';
import { element } from './xml.ts';

const countsNamespace = 'http://schemas.microsoft.com/netservices/2011/06/servicebus';

const receivingFields = [
  { element: 'LockDuration', setting: 'lockDuration', type: 'duration' },
  { element: 'RequiresSession', setting: 'requiresSession', type: 'boolean' },
  {
    element: 'DeadLetteringOnMessageExpiration',
    setting: 'deadLetteringOnExpiration',
    type: 'boolean',
  },
  { element: 'MaxDeliveryCount', setting: 'maxDeliveryCount', type: 'integer' },
  { element: 'ForwardTo', setting: 'forwardTo', type: 'entity' },
  { element: 'ForwardDeadLetteredMessagesTo', setting: 'forwardDeadLetteredTo', type: 'entity' },
] as const;

const sharedFields = [
  { element: 'DefaultMessageTimeToLive', setting: 'defaultTimeToLive', type: 'duration' },
  { element: 'EnableBatchedOperations', setting: 'enableBatchedOperations', type: 'boolean' },
  { element: 'Status', setting: 'status', type: 'status' },
  { element: 'UserMetadata', setting: 'userMetadata', type: 'text' },
  { element: 'AutoDeleteOnIdle', setting: 'autoDeleteOnIdle', type: 'duration' },
] as const;

const sendingFields = [
  { element: 'MaxSizeInMegabytes', setting: 'maxSizeInMegabytes', type: 'integer' },
  {
    element: 'RequiresDuplicateDetection',
    setting: 'requiresDuplicateDetection',
    type: 'boolean',
  },
  {
    element: 'DuplicateDetectionHistoryTimeWindow',
    setting: 'duplicateDetectionWindow',
    type: 'duration',
  },
  { element: 'EnablePartitioning', setting: 'enablePartitioning', type: 'boolean' },
  { element: 'EnableExpress', setting: 'enableExpress', type: 'boolean' },
  {
    element: 'MaxMessageSizeInKilobytes',
    setting: 'maxMessageSizeInKilobytes',
    type: 'integer',
  },
] as const;

export const queueFields: readonly SettingField<QueueSettings>[] = [
  ...receivingFields,
  ...sharedFields,
  ...sendingFields,
];

export const topicFields: readonly SettingField<TopicSettings>[] = [
  ...sharedFields,
  ...sendingFields,
  { element: 'SupportOrdering', setting: 'supportOrdering', type: 'boolean' },
];

export const subscriptionFields: readonly SettingField<SubscriptionSettings>[] = [
  ...receivingFields,
  ...sharedFields,
  {
    element: 'DeadLetteringOnFilterEvaluationExceptions',
    setting: 'deadLetteringOnFilterErrors',
    type: 'boolean',
  },
];

export function queueEntry(queue: Queue, host: string): Entry {
  return {
    ...entryOf(queue.name, queue.times),
    kind: 'QueueDescription',
    content: [
      writeSettings(queueFields, queue.settings, host),
      element('SizeInBytes', queue.budget.used),
      runtime(queue.mailboxes, queue.schedule.size),
      times(queue.times),
    ].join(''),
  };
}

export function topicEntry(topic: Topic, host: string): Entry {
  return {
    ...entryOf(topic.name, topic.times),
    kind: 'TopicDescription',
    content: [
      writeSettings(topicFields, topic.settings, host),
      element('SizeInBytes', topic.budget.used),
      element('SubscriptionCount', topic.subscriptions.size),
      countDetails({ ScheduledMessageCount: topic.schedule.size }),
      times(topic.times),
    ].join(''),
  };
}

export function subscriptionEntry(subscription: Subscription, host: string): Entry {
  return {
    ...entryOf(subscription.address, subscription.times),
    kind: 'SubscriptionDescription',
    content: [
      writeSettings(subscriptionFields, subscription.settings, host),
      runtime(subscription.mailboxes, 0),
      times(subscription.times),
    ].join(''),
  };
}

function entryOf(path: string, { createdAt, updatedAt }: EntityTimes) {
  return { path, createdAt, updatedAt };
}

function runtime({ main, deadLetters, transferDeadLetters }: Mailboxes, scheduled: number): string {
  const counts = {
    ActiveMessageCount: main.buffer.size - scheduled,
    DeadLetterMessageCount: deadLetters.buffer.size,
    ScheduledMessageCount: scheduled,
    TransferMessageCount: 0,
    TransferDeadLetterMessageCount: transferDeadLetters.buffer.size,
  };
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return element('MessageCount', total) + countDetails(counts);
}

/** Clients look for exactly one declaration here and put its prefix before the names that they read. */
function countDetails(counts: Readonly<Record<string, number>>): string {
  const details = Object.entries(counts).map(([name, count]) => element(`d2p1:${name}`, count));
  return `<CountDetails xmlns:d2p1="${countsNamespace}">${details.join('')}</CountDetails>`;
}

function times({ createdAt, updatedAt, accessedAt }: EntityTimes): string {
  return [
    element('CreatedAt', new Date(createdAt).toISOString()),
    element('UpdatedAt', new Date(updatedAt).toISOString()),
    element('AccessedAt', new Date(accessedAt).toISOString()),
    element('EntityAvailabilityStatus', 'Available'),
  ].join('');
}
