import type { EventContext, Receiver } from 'rhea';
import { BrokerFault } from '../broker/broker-fault.ts';
import { plain } from '../message/amqp-types.ts';
import { MessageContent } from '../message/message-content.ts';
import { readBodyValue } from '../message/sections.ts';
import type { Typed } from '../message/amqp-types.ts';
import type { ClientConnection } from './client-connection.ts';
import { settle } from './disposition.ts';
import { failureReply, type Reply, type ReplyStyle, sendReply } from './reply.ts';
import type { DeliveryInternals } from './rhea-internals.ts';

export interface NodeRequest {
  readonly property: (name: string) => string;
  readonly body: Typed | undefined;
}

/** Answers what comes in on a link by the link that each request names: how `$cbs` and `$management` work. */
export function serveRequests(
  connection: ClientConnection,
  receiver: Receiver,
  style: ReplyStyle,
  answer: (request: NodeRequest) => Reply,
): void {
  receiver.set_source(receiver.source);
  receiver.set_target(receiver.target);
  receiver.on('message', (context: EventContext) => {
    const delivery = context.delivery as unknown as DeliveryInternals;
    connection.takeReceived(receiver);
    connection.handle(
      () => {
        const encoded = context.message as unknown as Buffer;
        const content = MessageContent.decode(encoded);
        const replyTo = connection.replyLinks.get(content.property('replyTo') ?? '');
        if (replyTo === undefined) {
          throw new BrokerFault(
            'amqp:invalid-field',
            400,
            'There is no link of the name in reply-to.',
          );
        }
        const property = (name: string): string => {
          const value = plain(content.applicationProperties.get(name));
          return typeof value === 'string' ? value : '';
        };
        settle(delivery);
        let reply: Reply | undefined;
        connection.handle(
          () => {
            reply = answer({ property, body: readBodyValue(encoded) });
          },
          (fault) => {
            reply = failureReply(fault);
          },
        );
        if (reply !== undefined) sendReply(replyTo, content.property('messageId'), style, reply);
      },
      (fault) => {
        settle(delivery, fault);
      },
    );
  });
}
