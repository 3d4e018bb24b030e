import type { EventContext, Receiver } from 'rhea';
import { BrokerFault, entityNotFound, messageTooLarge } from '../broker/broker-fault.ts';
import type { Intake } from '../broker/intake.ts';
import { MessageContent } from '../message/message-content.ts';
import { readBatch } from '../message/sections.ts';
import { findEntity, parseAddress } from '../broker/address.ts';
import type { ClientConnection } from './client-connection.ts';
import { settle } from './disposition.ts';
import { openLink, refuse } from './link-opening.ts';
import { batchFormat, type DeliveryInternals, type ReceiverInternals } from './rhea-internals.ts';

/** A link that a client sends messages on. */
export function acceptInboundLink(
  connection: ClientConnection,
  receiver: Receiver,
  address: string,
): void {
  const { faults } = connection;
  connection.handle(
    () => {
      const path = parseAddress(address).entity;
      const { intake, times, name } = faults.perform('attach', path, () =>
        sendable(connection, path),
      );
      intake.checkSendable();
      const internals = receiver as ReceiverInternals;
      receiver.set_source(receiver.source);
      receiver.set_target(receiver.target);
      internals.local.attach.max_message_size = intake.maxMessageSize;
      let open = true;
      openLink(connection, receiver, name, () => {
        open = false;
      });
      receiver.on('message', (context: EventContext) => {
        const delivery = context.delivery as unknown as DeliveryInternals;
        connection.handle(
          () => {
            // Sent before the client knew, and to an entity that may be gone.
            if (!open) throw detached(name);
            times.touch();
            const bytes = connection.takeReceived(receiver);
            if (bytes > intake.maxMessageSize) throw messageTooLarge(bytes, intake.maxMessageSize);
            faults.perform('send', name, () => {
              accept(intake, delivery.format, context.message as unknown as Buffer);
            });
            settle(delivery);
          },
          (fault) => {
            settle(delivery, fault);
          },
        );
      });
    },
    (fault) => {
      refuse(receiver, fault);
    },
  );
}

function detached(name: string): BrokerFault {
  return new BrokerFault('amqp:link:detach-forced', 410, `The link to '${name}' was detached.`);
}

function sendable(connection: ClientConnection, path: string) {
  const entity = findEntity(connection.namespace, path);
  if (entity.kind === 'subscription') throw entityNotFound(path);
  return entity;
}

function accept(intake: Intake, format: number, encoded: Buffer): void {
  const isBatch = format === batchFormat;
  if (isBatch && encoded.length > intake.maxBatchSize) {
    throw messageTooLarge(encoded.length, intake.maxBatchSize);
  }
  const messages = isBatch ? readBatch(encoded) : [encoded];
  if (messages.length === 0) {
    throw new BrokerFault('amqp:decode-error', 400, 'The batch has no messages.');
  }
  intake.send(messages.map((message) => MessageContent.decode(message)));
}
