import type { Headers, TransportOperation } from '@busbar/core';

/** What a send takes, for tests that do not care. */
export interface MessageInit {
  readonly id?: string;
  readonly headers?: Headers;
  readonly body?: string | Uint8Array;
  readonly partitionKey?: string;
  readonly deliverAt?: number;
}

export function toQueue(queue: string, init: MessageInit = {}): TransportOperation {
  return { message: messageOf(init), destination: { kind: 'queue', queue }, ...rest(init) };
}

export function toTopics(topics: readonly string[], init: MessageInit = {}): TransportOperation {
  return { message: messageOf(init), destination: { kind: 'topic', topics }, ...rest(init) };
}

function messageOf({ id, headers, body = '', partitionKey }: MessageInit): {
  headers: Headers;
  body: Uint8Array;
} {
  return {
    headers: {
      ...headers,
      ...(id === undefined ? {} : { 'busbar-message-id': id }),
      ...(partitionKey === undefined ? {} : { 'busbar-partition-key': partitionKey }),
    },
    body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
  };
}

function rest({ partitionKey, deliverAt }: MessageInit): Partial<TransportOperation> {
  return {
    ...(partitionKey === undefined ? {} : { partitionKey }),
    ...(deliverAt === undefined ? {} : { deliverAt }),
  };
}
