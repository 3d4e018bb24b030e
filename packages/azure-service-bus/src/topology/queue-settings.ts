import type { CreateQueueOptions, QueueProperties } from '@azure/service-bus';
import { BusbarError, type QueueDefinition } from '@busbar/core';
import type { ServiceBusSettings } from '../service-bus-options.ts';
import { isoDuration } from './administration.ts';

/** A queue that nobody uses disappears no sooner than after five minutes. */
const leastIdleMs = 5 * 60 * 1_000;

/**
 * As often as the service lets: its own limit would give up messages that are only retried or handed back. Where it takes
 * less it says so, and the next is tried.
 */
export const mostDeliveries: readonly number[] = [2_147_483_647, 2_000, 10];

/** In the premium tier, where nothing else was set; in the standard tier it cannot be set. */
const usualKilobytes = 1_024;

/** What makes a queue or topic take messages of `maxMessageBytes`. */
export function sizeSetting(maxMessageBytes: number): {
  readonly maxMessageSizeInKilobytes?: number;
} {
  const kilobytes = Math.ceil(maxMessageBytes / 1_024);
  return kilobytes > usualKilobytes ? { maxMessageSizeInKilobytes: kilobytes } : {};
}

/** The same for an `az` command. */
export function sizeWords(maxMessageBytes: number): readonly string[] {
  const { maxMessageSizeInKilobytes: kilobytes } = sizeSetting(maxMessageBytes);
  return kilobytes === undefined ? [] : [`--max-message-size ${kilobytes}`];
}

/** What is wrong with the size that a queue or topic takes, in words. */
export function sizeDifference(
  { maxMessageSizeInKilobytes: takes }: { readonly maxMessageSizeInKilobytes?: number },
  maxMessageBytes: number,
): string | undefined {
  // The service does not say it in each tier.
  const bytes = (takes ?? usualKilobytes) * 1_024;
  if (bytes >= maxMessageBytes) return undefined;
  return `it takes messages of ${bytes} bytes, and the option \`maxMessageBytes\` is ${maxMessageBytes}`;
}

/** For how long a queue has to be unused before it disappears. */
export function idleMs(expiresUnusedMs: number): number {
  return Math.max(leastIdleMs, expiresUnusedMs);
}

/** How a queue is made. */
export function queueSettings(
  { ordered, expiresUnusedMs }: QueueDefinition,
  { lockDurationMs, maxMessageBytes }: ServiceBusSettings,
  maxDeliveryCount: number,
): CreateQueueOptions {
  return {
    maxDeliveryCount,
    lockDuration: isoDuration(lockDurationMs),
    requiresSession: ordered === true,
    enableBatchedOperations: true,
    ...sizeSetting(maxMessageBytes),
    // What expires is dropped: in a dead-letter queue nobody would look for it.
    deadLetteringOnMessageExpiration: false,
    ...(expiresUnusedMs !== undefined && {
      autoDeleteOnIdle: isoDuration(idleMs(expiresUnusedMs)),
    }),
  };
}

/**
 * What differs from how it would be made, in words; operators may change what they like.
 *
 * @throws BusbarError INVALID_CONFIGURATION where the endpoint could not receive
 */
export function differencesOf(
  existing: QueueProperties,
  { name, ordered }: QueueDefinition,
  maxMessageBytes: number,
): readonly string[] {
  if (existing.requiresSession !== (ordered === true)) {
    throw new BusbarError(
      'INVALID_CONFIGURATION',
      existing.requiresSession
        ? `The queue "${name}" has sessions, which only an endpoint with \`ordered: true\` can receive.`
        : `The queue "${name}" has no sessions, so it keeps no order.`,
      {
        help: 'Sessions cannot be turned on or off: change `ordered`, or move the messages away, delete the queue, and provision again.',
        details: { queue: name },
      },
    );
  }
  const differences: string[] = [];
  const { maxDeliveryCount, deadLetteringOnMessageExpiration, forwardTo, status } = existing;
  if (maxDeliveryCount < Math.min(...mostDeliveries.slice(0, 2))) {
    differences.push(
      `it gives messages up after ${maxDeliveryCount} deliveries, into its dead-letter queue`,
    );
  }
  const size = sizeDifference(existing, maxMessageBytes);
  if (size !== undefined) differences.push(size);
  if (deadLetteringOnMessageExpiration) {
    differences.push('it keeps expired messages in its dead-letter queue');
  }
  if (forwardTo !== undefined && forwardTo !== '') {
    differences.push(`it forwards to ${forwardTo}, so nothing can be received from it`);
  }
  if (status !== 'Active') differences.push(`its status is ${status}`);
  return differences;
}
