import { findMailbox } from '../broker/address.ts';
import { BrokerFault, notAllowed } from '../broker/broker-fault.ts';
import { fixedLimits } from '../broker/limits.ts';
import type { Mailbox } from '../broker/mailbox.ts';
import { amqpTypes } from '../message/amqp-types.ts';
import { done, type ManagementContext, type ManagementOperation } from './management-operation.ts';

export const renewSessionLock: ManagementOperation = (context) => {
  const until = sessionful(context).sessions.renew(context.request.text('session-id'));
  return { expiration: amqpTypes.wrap_timestamp(until) };
};

export const getSessionState: ManagementOperation = (context) => {
  const state = sessionful(context).sessions.state(context.request.text('session-id'));
  return { 'session-state': state === null ? amqpTypes.Null() : amqpTypes.wrap_binary(state) };
};

export const setSessionState: ManagementOperation = (context) => {
  const { request } = context;
  const mailbox = sessionful(context);
  const state = request.bytes('session-state');
  if ((state?.length ?? 0) > fixedLimits.sessionStateSize) {
    throw new BrokerFault(
      'amqp:link:message-size-exceeded',
      400,
      `The state of a session has ${state?.length} bytes; it may have ${fixedLimits.sessionStateSize}.`,
    );
  }
  mailbox.setSessionState(request.text('session-id'), state);
  return done;
};

export const listSessions: ManagementOperation = (context) => {
  const { request } = context;
  const skip = request.integer('skip', 0);
  const ids = sessionful(context)
    .sessionIds()
    .slice(skip, skip + request.integer('top', 100));
  if (ids.length === 0) return undefined;
  return {
    skip: amqpTypes.wrap_int(skip + ids.length),
    'sessions-ids': amqpTypes.wrap(ids),
  };
};

function sessionful({ namespace, address }: ManagementContext): Mailbox {
  const mailbox = findMailbox(namespace, address);
  if (!mailbox.requiresSession) throw notAllowed(`'${mailbox.address}' has no sessions.`);
  return mailbox;
}
