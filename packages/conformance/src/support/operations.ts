import { type OutgoingMessage, type TransportOperation, headerNames } from '@busbar/core';

/** A message for a test; what is left out is filled in. */
export interface MessageInit {
  /** The logical id. @default a random one */
  readonly id?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** @default a few bytes of JSON */
  readonly body?: Uint8Array | string;
  readonly partitionKey?: string;
  readonly deliverAt?: number;
  readonly expiresAt?: number;
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function messageFrom(init: MessageInit): OutgoingMessage {
  const { id = randomLetters(), headers, body = '{"test":true}', partitionKey } = init;
  return {
    headers: {
      [headerNames.messageId]: id,
      ...(partitionKey === undefined ? {} : { [headerNames.partitionKey]: partitionKey }),
      ...headers,
    },
    body: typeof body === 'string' ? bytes(body) : body,
  };
}

export function toQueue(queue: string, init: MessageInit = {}): TransportOperation {
  return { destination: { kind: 'queue', queue }, ...carried(init) };
}

/** `topics` with the most derived one first. */
export function toTopics(topics: readonly string[], init: MessageInit = {}): TransportOperation {
  return { destination: { kind: 'topic', topics }, ...carried(init) };
}

export function randomLetters(): string {
  return Math.random().toString(36).slice(2, 10).padEnd(8, 'a');
}

function carried(init: MessageInit): Omit<TransportOperation, 'destination'> {
  const { deliverAt, expiresAt, partitionKey } = init;
  return {
    message: messageFrom(init),
    ...(deliverAt === undefined ? {} : { deliverAt }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(partitionKey === undefined ? {} : { partitionKey }),
  };
}
