import { findMailbox } from '../broker/address.ts';
import { deadLetter, defer, merge } from '../broker/settlement.ts';
import { invalidArgument, notAllowed, sessionLockLost } from '../broker/broker-fault.ts';
import type { BrokerMessage } from '../broker/broker-message.ts';
import type { Mailbox } from '../broker/mailbox.ts';
import { amqpTypes, typecodes, type Typed } from '../message/amqp-types.ts';
import { done, type ManagementContext, type ManagementOperation } from './management-operation.ts';

export const renewLock: ManagementOperation = ({ namespace, address, request }) => {
  const mailbox = findMailbox(namespace, address);
  if (mailbox.requiresSession) {
    throw notAllowed('Messages of a session are locked by the session: renew its lock.');
  }
  const tokens = request.tokens('lock-tokens');
  for (const token of tokens) mailbox.locks.find(token);
  const until = namespace.clock.now() + mailbox.settings.lockDuration;
  for (const token of tokens) mailbox.locks.renew(token, until);
  return {
    expirations: amqpTypes.Array32(
      tokens.map(() => until),
      typecodes.timestamp,
    ),
  };
};

export const updateDisposition: ManagementOperation = (context) => {
  const { namespace, address, request } = context;
  const mailbox = findMailbox(namespace, address);
  const sessionId = request.optionalText('session-id');
  if (sessionId !== undefined && !mailbox.sessions.isLocked(sessionId)) {
    throw sessionLockLost(sessionId);
  }
  const messages = request.tokens('lock-tokens').map((token) => mailbox.locks.find(token));
  for (const message of messages) settle(context, mailbox, message);
  return done;
};

function settle({ request }: ManagementContext, mailbox: Mailbox, message: BrokerMessage): void {
  const status = request.text('disposition-status');
  switch (status) {
    case 'completed':
      mailbox.remove(message);
      break;
    case 'abandoned':
      merge(message, request.map('properties-to-modify'));
      mailbox.release(message, true);
      break;
    // The protocol spells it with one r.
    case 'defered':
      merge(message, request.map('properties-to-modify'));
      defer(mailbox, message);
      break;
    case 'suspended': {
      const properties = new Map<string, Typed>(request.map('properties-to-modify'));
      for (const [field, property] of deadLetterFields) {
        const text = request.optionalText(field);
        if (text !== undefined) properties.set(property, amqpTypes.wrap_string(text));
      }
      deadLetter(mailbox, message, properties);
      break;
    }
    default:
      throw invalidArgument(`There is no disposition '${status}'.`);
  }
}

const deadLetterFields = [
  ['deadletter-reason', 'DeadLetterReason'],
  ['deadletter-description', 'DeadLetterErrorDescription'],
] as const;
