import { findMailbox } from '../broker/address.ts';
import { messageNotFound, notAllowed, sessionLockLost } from '../broker/broker-fault.ts';
import { type BrokerMessage, encodeMessage } from '../broker/broker-message.ts';
import { amqpTypes, type Typed } from '../message/amqp-types.ts';
import { tokenBytes } from '../message/lock-token.ts';
import type { ManagementOperation } from './management-operation.ts';

/** A page of peeked messages ends here, so that one request cannot ask for the whole queue at once. */
const pageBytes = 4 * 1024 * 1024;

export const peekMessages: ManagementOperation = ({ namespace, address, request }) => {
  const mailbox = findMailbox(namespace, address);
  const from = request.integer('from-sequence-number');
  const count = request.integer('message-count');
  const found = mailbox.peek(from, count, request.optionalText('session-id'));
  const page: Typed[] = [];
  let bytes = 0;
  for (const message of found) {
    const encoded = encodeMessage(message);
    bytes += encoded.length;
    if (bytes > pageBytes && page.length > 0) break;
    page.push(map({ message: amqpTypes.wrap_binary(encoded) }));
  }
  return page.length === 0 ? undefined : { messages: amqpTypes.List32(page) };
};

export const receiveDeferred: ManagementOperation = ({ namespace, address, request }) => {
  const mailbox = findMailbox(namespace, address);
  const sessionId = request.optionalText('session-id');
  if (mailbox.requiresSession && sessionId === undefined) {
    throw notAllowed(`'${mailbox.address}' requires sessions: name the session of the messages.`);
  }
  if (sessionId !== undefined && !mailbox.sessions.isLocked(sessionId)) {
    throw sessionLockLost(sessionId);
  }
  const messages = request.integers('sequence-numbers').map((number): BrokerMessage => {
    const message = mailbox.buffer.get(number);
    const isThere = message?.state === 'deferred' && message.lock === undefined;
    if (!isThere || (sessionId !== undefined && message.content.sessionId !== sessionId)) {
      throw messageNotFound(number);
    }
    return message;
  });
  const deletes = request.integer('receiver-settle-mode', 1) === 0;
  const list = messages.map((message) => {
    if (deletes) {
      mailbox.remove(message);
      return map({ message: amqpTypes.wrap_binary(encodeMessage(message)) });
    }
    const token = mailbox.lock(message, sessionId);
    return map({
      message: amqpTypes.wrap_binary(encodeMessage(message)),
      'lock-token': amqpTypes.wrap_uuid(tokenBytes(token)),
    });
  });
  return { messages: amqpTypes.List32(list) };
};

function map(fields: Readonly<Record<string, Typed>>): Typed {
  return amqpTypes.wrap(fields);
}
