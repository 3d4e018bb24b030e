import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { BusbarError } from '@busbar/core';
import { delayLevels } from '../capabilities.ts';

/** A name or a routing key of AMQP, in bytes of UTF-8. */
const longestBytes = 255;

/** The exchange and the queue of delayed messages whose destination is gone; the same queue as on other transports. */
export const undeliverableName = 'busbar.undeliverable';

/** No topic may begin with it: see {@link checkTopicName}. */
const endpointExchangePrefix = 'busbar.events.';

/** The exchange and the queue of one level. */
export function delayLevelName(prefix: string, level: number): string {
  return `${prefix}.${String(level).padStart(2, '0')}`;
}

/** Where messages leave the ladder. */
export function deliveryExchange(prefix: string): string {
  return `${prefix}.delivery`;
}

/** See {@link DelayLadder}. */
export function sinkQueue(prefix: string): string {
  return `${prefix}.sink`;
}

/** The exchange through which a queue gets the events that it subscribed to. */
export function endpointExchange(queue: string): string {
  const name = endpointExchangePrefix + queue;
  return fits(name) ? name : `${endpointExchangePrefix}~${digest(queue)}`;
}

/**
 * The end of the routing key of a message that is delayed for a queue. Two words: what it is, and which one, with
 * nothing in it that a topic exchange would take for a separator or a wildcard.
 */
export function queueWord(queue: string): string {
  return destinationWord('queue', queue);
}

/** The same for an event. */
export function topicWord(topic: string): string {
  return destinationWord('topic', topic);
}

/** What binds the sink, which gets each delayed event. */
export const anyTopicWord = 'topic.*';

function destinationWord(kind: 'queue' | 'topic', name: string): string {
  const word = `${kind}.${escaped(name)}`;
  // A tilde is in no escaped name.
  return 2 * delayLevels + word.length <= longestBytes ? word : `${kind}.~${digest(name)}`;
}

/** ASCII; what is neither a letter nor a digit nor one of `_-` is written as its bytes. */
function escaped(name: string): string {
  return name.replaceAll(/[^\w-]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${hex(byte)}`).join(''),
  );
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

function digest(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

function fits(name: string): boolean {
  return Buffer.byteLength(name) <= longestBytes;
}

/** @throws BusbarError INVALID_CONFIGURATION for a name that no queue can have, or that belongs to the delays */
export function checkQueueName(queue: string, delayPrefix: string): void {
  const problem = problemOf(queue) ?? problemOfQueue(queue, delayPrefix);
  if (problem === undefined) return;
  throw new BusbarError(
    'INVALID_CONFIGURATION',
    `RabbitMQ can have no queue named ${shown(queue)}: ${problem}.`,
    {
      help: 'Rename the endpoint, the `errorQueue` or the `auditQueue`, or map the name in `topology`.',
      details: { queue },
    },
  );
}

function problemOfQueue(queue: string, delayPrefix: string): string | undefined {
  return isDelayQueue(queue, delayPrefix) ? 'it belongs to the delay queues' : undefined;
}

/** Whether it is one of the queues that delays are made of. */
export function isDelayQueue(queue: string, delayPrefix: string): boolean {
  return (
    queue.startsWith(`${delayPrefix}.`) && /^(\d\d|sink)$/.test(queue.slice(delayPrefix.length + 1))
  );
}

/** @throws BusbarError INVALID_CONFIGURATION for a name that no exchange can have, or that belongs to the transport */
export function checkTopicName(topic: string, delayPrefix: string): void {
  const problem = problemOf(topic) ?? problemOfTopic(topic, delayPrefix);
  if (problem === undefined) return;
  throw new BusbarError(
    'INVALID_CONFIGURATION',
    `RabbitMQ can have no exchange for the topic ${shown(topic)}: ${problem}.`,
    {
      help: 'Rename the event type, or map its name to that of another topic in `topology`.',
      details: { topic },
    },
  );
}

function problemOfTopic(topic: string, delayPrefix: string): string | undefined {
  const reserved = [endpointExchangePrefix, `${delayPrefix}.`].find((each) =>
    topic.startsWith(each),
  );
  if (reserved !== undefined) return `names that begin with "${reserved}" are the transport's own`;
  return topic === undeliverableName ? "it is the transport's own" : undefined;
}

function problemOf(name: string): string | undefined {
  if (name === '') return 'the name is empty';
  if (name.startsWith('amq.')) return 'names that begin with "amq." are the broker\'s own';
  // The broker drops them without a word.
  if (/[\r\n]/.test(name)) return 'the name has a line break';
  if (fits(name)) return undefined;
  return `the name takes ${Buffer.byteLength(name)} bytes, more than ${longestBytes}`;
}

function shown(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}
