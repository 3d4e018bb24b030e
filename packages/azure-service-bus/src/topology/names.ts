import { createHash } from 'node:crypto';
import { BusbarError } from '@busbar/core';

/** The service's own limits, in characters. */
const longestEntity = 260;
const longestSubscription = 50;
const hashLength = 12;
const shortenedEnd = /-[0-9a-f]{12}$/;

/** Of each part between slashes. */
const legalPart = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i;
/**
 * Before the name of each topic. Queues and topics share one set of names, in which case does not count: an event `Billing`
 * would go into the queue of the endpoint `billing`, and nobody would be told.
 */
const topicPrefix = 'topic.';
/** Where the service keeps what it could not deliver. */
const deadLetterPart = /\/\$/;

/**
 * @throws BusbarError INVALID_CONFIGURATION for a name that no queue can have
 */
export function checkQueueName(queue: string): void {
  if (topicOf(queue) !== undefined) {
    throw new BusbarError(
      'INVALID_CONFIGURATION',
      `The queue "${queue}" cannot be used: on Azure Service Bus names that begin with "${topicPrefix}" are those of events.`,
      { help: 'Give the queue another name.', details: { queue } },
    );
  }
  if (isEntity(queue)) return;
  throw new BusbarError(
    'INVALID_CONFIGURATION',
    `Azure Service Bus can have no queue "${queue}".`,
    {
      help: `Choose a name of letters, digits, ".", "-", "_" and "/", of at most ${longestEntity} characters, with a letter or digit at both ends and beside each "/".`,
      details: { queue },
    },
  );
}

function isEntity(name: string): boolean {
  return name.length <= longestEntity && name.split('/').every((part) => legalPart.test(part));
}

/** The name of a topic's entity: the topic's own, or as much of it as is legal, with a hash that keeps it apart from others. */
export function topicEntity(topic: string): string {
  const entity = topicPrefix + topic;
  if (isEntity(entity)) return entity;
  return shortened(entity.replaceAll(/[^a-z0-9._-]/gi, '-'), topic, longestEntity);
}

/** What an entity is the topic of, as far as its name tells; undefined where it is no topic of ours. */
export function topicOf(entity: string): string | undefined {
  const own = entity.slice(0, topicPrefix.length).toLowerCase() === topicPrefix;
  return own ? entity.slice(topicPrefix.length) : undefined;
}

/** Whether the name may be one that was made legal. */
export function isShortened(entity: string): boolean {
  return shortenedEnd.test(entity);
}

/** The name of a queue's subscription on every topic: the queue's own, or as much of it as fits into 50 characters. */
export function subscriptionName(queue: string): string {
  if (queue.length <= longestSubscription && legalPart.test(queue)) return queue;
  return shortened(queue.replaceAll(/[^a-z0-9._-]/gi, '-'), queue, longestSubscription);
}

function shortened(legal: string, full: string, longest: number): string {
  const kept = legal.slice(0, longest - hashLength - 1).replace(/^[^a-z0-9]+/i, '');
  // Names are compared without regard to case.
  return `${kept}-${hashOf(full.toLowerCase())}`.replace(/^-/, '');
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, hashLength);
}

/** A place to receive from. */
export interface Place {
  readonly queue?: string;
  readonly topic?: string;
  readonly subscription?: string;
  readonly sub: 'deadLetter' | 'transferDeadLetter' | undefined;
}

/**
 * Reads the name of a queue, of a dead-letter queue (`sales/$DeadLetterQueue`), or of that of a subscription
 * (`topic.Sales.OrderPlaced/Subscriptions/billing/$Transfer/$DeadLetterQueue`).
 */
export function placeOf(name: string): Place {
  const end = deadLetterPart.exec(name)?.index ?? name.length;
  const tail = name.slice(end).toLowerCase();
  const sub =
    tail === '/$deadletterqueue'
      ? 'deadLetter'
      : tail === '/$transfer/$deadletterqueue'
        ? 'transferDeadLetter'
        : undefined;
  const base = sub === undefined ? name : name.slice(0, end);
  const [, topic, subscription] = /^(.+)\/subscriptions\/([^/]+)$/i.exec(base) ?? [];
  if (topic !== undefined && subscription !== undefined) return { topic, subscription, sub };
  return { queue: base, sub };
}

/** The dead-letter queue of a queue, or of `topic/Subscriptions/subscription`. */
export function deadLetterName(path: string): string {
  return `${path}/$DeadLetterQueue`;
}

/** Where messages are that could not be forwarded. */
export function transferDeadLetterName(path: string): string {
  return `${path}/$Transfer/$DeadLetterQueue`;
}
