import { findEntity } from '../broker/address.ts';
import { entityNotFound, invalidArgument } from '../broker/broker-fault.ts';
import { fixedLimits } from '../broker/limits.ts';
import { amqpTypes, typecodes } from '../message/amqp-types.ts';
import { MessageContent } from '../message/message-content.ts';
import { done, type ManagementContext, type ManagementOperation } from './management-operation.ts';

export const scheduleMessages: ManagementOperation = (context) => {
  const { request } = context;
  const entity = sendable(context);
  const contents = request.maps('messages').map((entry) => {
    const encoded = entry.get('message')?.value;
    if (!Buffer.isBuffer(encoded)) throw invalidArgument('A scheduled message has no bytes.');
    return MessageContent.decode(encoded);
  });
  if (contents.length > fixedLimits.messagesOfManagementRequest) {
    throw invalidArgument(
      `${contents.length} messages in one request; there may be ${fixedLimits.messagesOfManagementRequest}.`,
    );
  }
  const numbers = entity.intake.schedule(contents);
  return { 'sequence-numbers': amqpTypes.Array32(numbers, typecodes.long) };
};

export const cancelScheduled: ManagementOperation = (context) => {
  sendable(context).schedule.cancel(context.request.integers('sequence-numbers'));
  return done;
};

function sendable({ namespace, address }: ManagementContext) {
  const entity = findEntity(namespace, address.entity);
  if (entity.kind === 'subscription') throw entityNotFound(address.entity);
  return entity;
}
