import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import { type MoveRequest, type TransportOperation, headerNames } from '@busbar/core';
import Long from 'long';
import { noteReceived } from '../message/received-bodies.ts';
import { readMessage } from '../message/received.ts';

/** The service hands over no more at once. */
const page = 250;

/** What operations know a message by. */
export function nativeIdOf({ sequenceNumber }: ServiceBusReceivedMessage): string {
  return String(sequenceNumber);
}

/** In the order of the queue, without those whose time has not come. */
export async function peekAll(
  receiver: ServiceBusReceiver,
  limit: number,
): Promise<ServiceBusReceivedMessage[]> {
  const all: ServiceBusReceivedMessage[] = [];
  let from = Long.ZERO;
  while (all.length < limit) {
    const messages = await receiver.peekMessages(page, { fromSequenceNumber: from });
    const last = messages.at(-1)?.sequenceNumber;
    all.push(...messages.filter(({ state }) => state !== 'scheduled'));
    if (last === undefined) break;
    from = last.add(1);
  }
  return all.slice(0, limit);
}

/** Those of the messages that still lie where they were. */
export async function stillThere(
  receiver: ServiceBusReceiver,
  messages: readonly ServiceBusReceivedMessage[],
): Promise<readonly string[]> {
  const there: string[] = [];
  for (const { sequenceNumber } of messages) {
    if (sequenceNumber === undefined) continue;
    const [next] = await receiver.peekMessages(1, { fromSequenceNumber: sequenceNumber });
    if (next?.sequenceNumber?.equals(sequenceNumber) === true) there.push(String(sequenceNumber));
  }
  return there;
}

/** The operation that puts the message into the target of a move. */
export function copyOf(
  message: ServiceBusReceivedMessage,
  { to, headers: changes = {} }: MoveRequest,
): TransportOperation {
  const { headers, body } = readMessage(message);
  // The service had it already, whatever this endpoint may send.
  noteReceived(body, 0);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete headers[name];
    else headers[name] = value;
  }
  const key = headers[headerNames.partitionKey];
  return {
    message: { headers, body },
    destination: { kind: 'queue', queue: to },
    ...(key !== undefined && { partitionKey: key }),
  };
}
