import type { Receiver, Sender } from 'rhea';
import type { BrokerFault } from '../broker/broker-fault.ts';
import type { ClientConnection, OpenLink } from './client-connection.ts';

/** Answers an attach with neither source nor target and detaches, which is how a peer says no. */
export function refuse(link: Sender | Receiver, fault: BrokerFault): void {
  link.close(amqpError(fault));
}

/** Makes the link one that the broker can end, until it has ended. */
export function openLink(
  connection: ClientConnection,
  link: Sender | Receiver,
  address: string,
  onEnd: () => void = () => {},
): OpenLink {
  const { session } = link;
  const closing = link.is_receiver() ? 'receiver_close' : 'sender_close';
  const end = (): void => {
    // Which of these events comes depends on what ended first, and more than one may.
    if (!connection.links.delete(open)) return;
    // Clients may open many links in one session, and the session would keep them all.
    link.removeListener(closing, end);
    session.removeListener('session_close', end);
    onEnd();
    connection.tenant.changes.tell();
  };
  const open: OpenLink = {
    address,
    end,
    detach: (reason) => {
      if (!connection.links.has(open)) return;
      end();
      link.close(amqpError(reason));
    },
  };
  connection.links.add(open);
  link.on(closing, end);
  session.on('session_close', end);
  return open;
}

function amqpError({ condition, message }: BrokerFault): {
  condition: string;
  description: string;
} {
  return { condition, description: message };
}
