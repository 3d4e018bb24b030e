import { createHash } from 'node:crypto';
import { type Headers, headerNames } from '@busbar/core';

/** The characters of both ids; a blank is none of them. */
const legal = /^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;

/** A text as an id that SQS and SNS take: itself, or its digest. */
export function keyOf(text: string): string {
  return legal.test(text) ? text : `~${createHash('sha256').update(text).digest('hex')}`;
}

/** The group of a message in an ordered queue: messages without a key are in nobody's way. */
export function groupOf(headers: Headers, partitionKey: string | undefined): string {
  if (partitionKey !== undefined) return keyOf(`k.${partitionKey}`);
  return keyOf(`m.${headers[headerNames.messageId] ?? ''}`);
}

/**
 * What an ordered queue takes for the same message within five minutes. The logical id alone would swallow a delayed
 * retry and a replay, so the ordinal of the copy is part of it.
 *
 * @param way What the message went through beside the framework: a hop or a move, with the native id that it had before
 */
export function deduplicationOf(headers: Headers, way = ''): string {
  const id = headers[headerNames.messageId];
  // Without an id nothing can be known to be the same.
  const name = id === undefined ? crypto.randomUUID() : id;
  return keyOf(`${name}.${headers[headerNames.copy] ?? '0'}${way === '' ? '' : `.${way}`}`);
}
