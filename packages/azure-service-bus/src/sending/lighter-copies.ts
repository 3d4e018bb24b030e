import type { ServiceBusMessage } from '@azure/service-bus';
import { headerNames } from '@busbar/core';
import { ownProperties } from '../message/own-properties.ts';

/** What an error copy can do without, the least important first. */
const steps: readonly (readonly string[])[] = [
  [headerNames.failureStack],
  [headerNames.failureMessage, headerNames.failureHandler, headerNames.failureType],
  [
    headerNames.failureCode,
    headerNames.failureAttempts,
    headerNames.failedAt,
    headerNames.processingEndpoint,
    headerNames.processingHost,
    headerNames.processingStarted,
    headerNames.processingEnded,
  ],
  [headerNames.failedQueue],
];

/**
 * The same message with less and less about its failure, for a copy that is larger than the service takes: what came with
 * its last byte used goes to the error queue all the same.
 */
export function* lighterCopies(message: ServiceBusMessage): Generator<ServiceBusMessage> {
  const properties = message.applicationProperties ?? {};
  if (properties[headerNames.failedQueue] === undefined) return;
  let left = properties;
  for (const step of steps) {
    left = Object.fromEntries(Object.entries(left).filter(([name]) => !step.includes(name)));
    yield { ...message, applicationProperties: left };
  }
  // The properties of the service say the id as well, and an error queue has no sessions.
  const { sessionId: _, ...rest } = message;
  const { [headerNames.messageId]: messageId, [headerNames.copy]: __, ...others } = left;
  const lightest = {
    ...rest,
    ...(typeof messageId === 'string' && messageId.length <= 128 && { messageId }),
  };
  yield { ...lightest, applicationProperties: { ...others, [ownProperties.ours]: '1' } };
  yield { ...lightest, applicationProperties: others };
}
