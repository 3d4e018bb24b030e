import type { Message } from '@aws-sdk/client-sqs';
import { type Headers, headerNames } from '@busbar/core';
import { attributeNames } from '../message/wire-message.ts';

const mostRemembered = 2_000;

/**
 * Knows which copy of an event is the one to handle, where a queue subscribed to several topics of its chain and got
 * one from each. Whichever came first stays in the queue until it is settled, so the others can go at once.
 */
export class ChainCopies {
  #young = new Map<string, string>();
  #old = new Map<string, string>();

  /** Whether another copy of the same publication was received before. */
  isSecond({ MessageId = '', MessageAttributes }: Message, headers: Headers): boolean {
    const key = keyOf(MessageAttributes, headers);
    if (key === undefined) return false;
    const first = this.#young.get(key) ?? this.#old.get(key);
    if (first !== undefined) return first !== MessageId;
    if (this.#young.size >= mostRemembered) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, MessageId);
    return false;
  }

  /** It went back, or its hold was lost: if another process drops the others for it, one of them is handled here. */
  forget({ MessageId = '', MessageAttributes }: Message, headers: Headers): void {
    const key = keyOf(MessageAttributes, headers);
    if (key === undefined) return;
    for (const known of [this.#young, this.#old]) {
      if (known.get(key) === MessageId) known.delete(key);
    }
  }
}

function keyOf(attributes: Message['MessageAttributes'], headers: Headers): string | undefined {
  const id = headers[headerNames.messageId];
  if (attributes?.[attributeNames.via] === undefined || id === undefined) return undefined;
  // An event that is published again under its id, because the first was lost to an error, is another publication.
  const { [headerNames.copy]: copy = '0', [headerNames.timeSent]: sent = '' } = headers;
  return `${id}.${copy}.${sent}`;
}
