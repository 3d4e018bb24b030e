import { Buffer } from 'node:buffer';

const shortBytes = 255;
const digits = 6;

/**
 * Names for consumers that tell an operator who it is: the queue, the instance and a number. They sort in the order in which
 * they were made: when a channel ends, a quorum queue of RabbitMQ 3 takes back what its consumers held in that order.
 */
export function consumerTags(queue: string, instance: string): () => string {
  let made = 0;
  return () => {
    made += 1;
    const end = ` ${String(made).padStart(digits, '0')}`;
    return `${cut(`${queue} ${instance}`, shortBytes - end.length)}${end}`;
  };
}

function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  // A letter that was cut in two would become three bytes.
  return Buffer.from(text).subarray(0, bytes).toString().replaceAll('\uFFFD', '');
}
