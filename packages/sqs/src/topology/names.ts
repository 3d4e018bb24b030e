import { Buffer } from 'node:buffer';
import { BusbarError } from '@busbar/core';

/** How the name of an ordered queue or topic ends: a rule of both services. */
export const fifoSuffix = '.fifo';

const longestQueue = 80;
const longestTopic = 256;

/** Queues that the transport makes beside a queue, by the end of their names. */
export const companions = {
  /** Where SQS puts what was received too often. */
  dead: '.dead',
  /** Where SNS puts events that it could not bring. */
  undelivered: '.undelivered',
  /** Holds the delayed messages of an ordered queue. */
  delay: '.delay',
} as const;

/**
 * A name in the letters, digits, hyphens and underscores that both services take. Dots, which names of types and queues
 * have, become underscores; any other character its bytes in hex between underscores (`_5F_` is an underscore). Two
 * names never become one, and {@link decoded} gives the name back.
 */
export function encoded(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9-]/gu, (character, at: number) =>
    character === '.' && !/^[0-9A-F]{2}(?:[^A-Za-z0-9-])/.test(name.slice(at + 1, at + 4))
      ? '_'
      : [...Buffer.from(character)].map((byte) => `_${hex(byte)}_`).join(''),
  );
}

/** The name of which {@link encoded} made this. */
export function decoded(text: string): string {
  const bytes: number[] = [];
  const pattern = /_([0-9A-F]{2})_|_|[A-Za-z0-9-]+/g;
  for (const [piece, code] of text.matchAll(pattern)) {
    if (code !== undefined) bytes.push(Number.parseInt(code, 16));
    else bytes.push(...Buffer.from(piece === '_' ? '.' : piece));
  }
  return Buffer.from(bytes).toString('utf8');
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0');
}

/**
 * What SQS calls a queue, without the suffix of an ordered one.
 *
 * @throws BusbarError INVALID_CONFIGURATION for a name that SQS cannot have
 */
export function queueName(queue: string, prefix: string, ordered = false): string {
  const name = `${prefix}${encoded(queue)}`;
  const longest = ordered ? longestQueue - fifoSuffix.length : longestQueue;
  if (queue !== '' && name.length <= longest) return name;
  throw new BusbarError(
    'INVALID_CONFIGURATION',
    queue === ''
      ? 'SQS can have no queue with an empty name.'
      : `SQS can have no queue named "${queue}": as "${name}" it has ${name.length} characters, and ${ordered ? 'ordered queues' : 'queues'} have ${longest} at most.`,
    {
      help: 'Shorten the name of the endpoint, its instance or the `queuePrefix`, or map the name in `topology`.',
      details: { queue },
    },
  );
}

/** @throws BusbarError INVALID_CONFIGURATION for a queue that the transport makes itself */
export function checkOwnName(queue: string): void {
  const suffix = Object.values(companions).find((each) => queue.endsWith(each));
  if (suffix === undefined) return;
  throw new BusbarError(
    'INVALID_CONFIGURATION',
    `The SQS transport makes no queue named "${queue}": names that end with "${suffix}" belong to what it makes beside other queues.`,
    {
      help: 'Rename the endpoint or the queue, or map the name in `topology`.',
      details: { queue },
    },
  );
}

/**
 * What SNS calls a topic.
 *
 * @throws BusbarError INVALID_CONFIGURATION for a name that SNS cannot have
 */
export function topicName(topic: string, prefix: string, ordered = false): string {
  const name = `${prefix}${encoded(topic)}${ordered ? fifoSuffix : ''}`;
  if (topic !== '' && name.length <= longestTopic) return name;
  throw new BusbarError(
    'INVALID_CONFIGURATION',
    topic === ''
      ? 'SNS can have no topic with an empty name.'
      : `SNS can have no topic named "${topic}": as "${name}" it has ${name.length} characters, and topics have ${longestTopic} at most.`,
    {
      help: 'Shorten the name of the event type or the `topicPrefix`, or map the name in `topology`.',
      details: { topic },
    },
  );
}

/** The logical name of a queue or topic that the service calls `name`; undefined for one without our prefix. */
export function logicalName(name: string, prefix: string): string | undefined {
  if (!name.startsWith(prefix)) return undefined;
  const base = name.endsWith(fifoSuffix) ? name.slice(0, -fifoSuffix.length) : name;
  return decoded(base.slice(prefix.length));
}
