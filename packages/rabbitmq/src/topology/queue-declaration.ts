import { BusbarError, type QueueDefinition } from '@busbar/core';
import { isReply } from '../connection/amqp-error.ts';
import type { SideChannel } from '../connection/side-channel.ts';
import type { RabbitMqSettings } from '../rabbitmq-options.ts';
import { type QueueDeclaration, declareQueue } from './declarations.ts';
import { deliveryLimit } from './delivery-policy.ts';
import { brokerText, differenceOf } from './refusal.ts';

const singleActiveConsumer = 'x-single-active-consumer';

/**
 * What a queue is declared as: its type and nothing else, since arguments can never be changed and everybody who declares
 * the queue would have to name the same. Exceptions:
 *
 * - An ordered queue has one active consumer, and a delivery limit: without one, RabbitMQ 3 puts a message that is given
 *   back behind all others.
 * - A queue that expires is classic: a quorum queue for each instance that ever lived is too dear.
 */
export function queueDeclaration(
  { name, ordered = false, expiresUnusedMs }: QueueDefinition,
  { queueType }: Pick<RabbitMqSettings, 'queueType'>,
): QueueDeclaration {
  const expires = expiresUnusedMs !== undefined && { 'x-expires': expiresUnusedMs };
  if (ordered) {
    return {
      name,
      arguments: {
        'x-queue-type': 'quorum',
        [singleActiveConsumer]: true,
        'x-delivery-limit': deliveryLimit,
        ...expires,
      },
    };
  }
  const type = expires === false ? queueType : 'classic';
  return { name, arguments: { 'x-queue-type': type, ...expires } };
}

/** More arguments than the broker knows for a queue. */
const mostDifferences = 20;

/** What keeps a queue from being an ordered one. */
export type NotOrdered = { readonly because: unknown };

/**
 * Whether a queue that is there has a single active consumer, whatever else is different. AMQP does not show the arguments
 * of a queue, but a refusal to declare it names one that differs: what it says is taken over until nothing differs, or the
 * single active consumer does.
 *
 * @throws what the broker says otherwise, such as 403 and 404
 */
export async function compareOrdered(
  side: SideChannel,
  name: string,
): Promise<'ordered' | NotOrdered> {
  let queue = queueDeclaration({ name, ordered: true }, { queueType: 'quorum' });
  let error: unknown;
  for (let differences = 0; differences < mostDifferences; differences += 1) {
    error = await refusalOf(side, queue);
    if (error === undefined) return 'ordered';
    const difference = differenceOf(error);
    if (difference === undefined || !difference.argument.startsWith('x-')) break;
    if (difference.argument === singleActiveConsumer) break;
    queue = adapted(queue, difference.argument, difference.current);
  }
  return { because: error };
}

/** @throws BusbarError INVALID_CONFIGURATION for a queue without a single active consumer */
export async function checkOrdered(side: SideChannel, name: string): Promise<void> {
  const compared = await compareOrdered(side, name);
  if (compared === 'ordered') return;
  throw new BusbarError(
    'INVALID_CONFIGURATION',
    `The queue "${name}" cannot keep messages in order: ${brokerText(compared.because)}.`,
    {
      help: 'It was made without a single active consumer, which cannot be added, and with several receivers the order would be lost silently. Stop its receivers, move its messages away, delete it and provision it again; or do without `ordered`.',
      details: { queue: name },
      cause: compared.because,
    },
  );
}

function adapted(
  { name, arguments: all }: QueueDeclaration,
  argument: string,
  current: string | number | boolean | undefined,
): QueueDeclaration {
  const { [argument]: _wrong, ...others } = all;
  return { name, arguments: current === undefined ? others : { ...others, [argument]: current } };
}

async function refusalOf(side: SideChannel, queue: QueueDeclaration): Promise<unknown> {
  try {
    await side.run(`comparing the queue "${queue.name}"`, async (channel) => {
      // Or it would be made.
      await channel.checkQueue(queue.name);
      await declareQueue(channel, queue);
    });
    return undefined;
  } catch (error) {
    if (isReply(error, 'preconditionFailed')) return error;
    throw error;
  }
}
