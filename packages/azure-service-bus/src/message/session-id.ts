import { createHash } from 'node:crypto';

/** The service's own limit, in characters. */
const longest = 128;

/** Sessions for messages without a key: several, so that those are handled beside each other in a queue with order. */
const keyless = 16;

/**
 * The session of a message. Every message has one, because a queue with sessions refuses what has none, and the sender does
 * not know which queues have them.
 */
export function sessionIdOf(partitionKey: string | undefined, messageId: string): string {
  if (partitionKey === undefined) return `-${bucketOf(messageId)}`;
  if (partitionKey !== '' && partitionKey.length <= longest) return partitionKey;
  return createHash('sha256').update(partitionKey).digest('hex');
}

function bucketOf(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index += 1) {
    hash = (hash * 31 + text.charCodeAt(index)) | 0;
  }
  return Math.abs(hash) % keyless;
}
