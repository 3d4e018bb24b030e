import { plain, type Typed } from '../message/amqp-types.ts';
import { notAllowed } from './broker-fault.ts';
import type { BrokerMessage } from './broker-message.ts';
import type { Mailbox } from './mailbox.ts';

/** Puts a locked message aside, to be received by its number. */
export function defer(mailbox: Mailbox, message: BrokerMessage): void {
  message.state = 'deferred';
  mailbox.release(message, false);
}

/** The reason and the description stand among the properties, as they will in the message. */
export function deadLetter(
  mailbox: Mailbox,
  message: BrokerMessage,
  properties: ReadonlyMap<string, Typed>,
): void {
  if (mailbox.kind !== 'main') {
    throw notAllowed(`A message of '${mailbox.address}' cannot be dead-lettered again.`);
  }
  merge(message, properties);
  const text = (name: string): string => {
    const value = plain(properties.get(name));
    return typeof value === 'string' ? value : '';
  };
  mailbox.deadLetter(message, text('DeadLetterReason'), text('DeadLetterErrorDescription'));
}

/** Adds what a client changes with the settlement to the message's application properties. */
export function merge(message: BrokerMessage, properties: ReadonlyMap<string, Typed>): void {
  for (const [name, value] of properties) message.content.setApplicationProperty(name, value);
}
