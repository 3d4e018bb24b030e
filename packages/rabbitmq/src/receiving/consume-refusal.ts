import { BusbarError } from '@busbar/core';
import { isReply } from '../connection/amqp-error.ts';
import { brokerText } from '../topology/refusal.ts';

/** What the broker says of a queue that is there, on a node that is not. */
const unreachable = /down or inaccessible|has no leader|timeout/i;

/** The numbers of `basic.consume`, which the broker names when it refuses that. */
const basicConsume = { classId: 60, methodId: 20 } as const;

/** The error that a refusal to deliver from a queue is; undefined for all other trouble of a channel. */
export function consumeRefusal(queue: string, error: unknown): BusbarError | undefined {
  const { classId, methodId } = error as {
    readonly classId?: unknown;
    readonly methodId?: unknown;
  };
  if (classId !== basicConsume.classId || methodId !== basicConsume.methodId) return undefined;
  const text = brokerText(error);
  const options = { details: { queue }, cause: error };
  if (isReply(error, 'notFound')) {
    if (unreachable.test(text)) return undefined;
    return new BusbarError(
      'MISSING_QUEUE',
      `There is no queue "${queue}" to receive from.`,
      options,
    );
  }
  if (isReply(error, 'accessRefused')) {
    return new BusbarError(
      'INVALID_CONFIGURATION',
      `RabbitMQ does not let this user receive from the queue "${queue}": ${text}.`,
      {
        help: `Give the user of the option "url" or "credentials" the permission to read "${queue}"; or end the receiver that has the queue for itself.`,
        ...options,
      },
    );
  }
  if (isReply(error, 'resourceLocked')) {
    return new BusbarError(
      'INVALID_CONFIGURATION',
      `The queue "${queue}" belongs to another connection: ${text}.`,
      {
        help: 'It was declared as exclusive by somebody else. Give the endpoint another name, or delete the queue.',
        ...options,
      },
    );
  }
  return new BusbarError(
    'INVALID_CONFIGURATION',
    `RabbitMQ does not let anybody receive from "${queue}" in this way: ${text}.`,
    options,
  );
}

/** For a queue that was there. */
export function queueRemoved(queue: string, { cause }: BusbarError): BusbarError {
  return new BusbarError(
    'MISSING_QUEUE',
    `The queue "${queue}" was removed while it was received.`,
    {
      help: 'Provision it again, or restart the endpoint, and the receiver goes on.',
      details: { queue },
      cause,
    },
  );
}
