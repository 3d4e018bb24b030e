import type { ServiceBusReceivedMessage } from '@azure/service-bus';
import { BusbarError } from '@busbar/core';
import { nativeIdOf } from './stored-message.ts';

/**
 * Moving passes the messages before the chosen ones over, which the service counts as a delivery of each.
 *
 * @param limit the deliveries after which the queue gives a message up
 * @throws BusbarError UNSUPPORTED_BY_TRANSPORT where one of them would be given up
 */
export function checkBystanders(
  queue: string,
  stored: readonly ServiceBusReceivedMessage[],
  found: readonly ServiceBusReceivedMessage[],
  limit: number,
): void {
  const wanted = new Set(found);
  const before = stored.slice(
    0,
    stored.findLastIndex((message) => wanted.has(message)),
  );
  const endangered = before.filter(
    (message) => !wanted.has(message) && (message.deliveryCount ?? 0) + 1 >= limit,
  );
  const [first] = endangered;
  if (first === undefined) return;
  throw new BusbarError(
    'UNSUPPORTED_BY_TRANSPORT',
    `Nothing was moved out of the queue "${queue}": ${endangered.length} messages before the chosen ones would be given up into its dead-letter queue, the first of them ${nativeIdOf(first)}. To pass a message over counts as a delivery, it had ${first.deliveryCount ?? 0}, and the queue allows ${limit}.`,
    {
      help: `Let the queue allow more (az servicebus queue update --name ${queue} --max-delivery-count 2000), or move those as well.`,
      details: { queue, nativeIds: endangered.map(nativeIdOf) },
    },
  );
}
