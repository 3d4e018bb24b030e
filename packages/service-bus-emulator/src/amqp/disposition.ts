import type { BrokerFault } from '../broker/broker-fault.ts';
import { amqpTypes, described, type Typed } from '../message/amqp-types.ts';
import type { ConnectionInternals, DeliveryInternals, SessionInternals } from './rhea-internals.ts';

const accepted = described(0x24, amqpTypes.List32([]));

function rejected({ condition, message }: BrokerFault): Typed {
  const error = described(
    0x1d,
    amqpTypes.List32([amqpTypes.wrap_symbol(condition), amqpTypes.wrap_string(message)]),
  );
  return described(0x25, amqpTypes.List32([error]));
}

/**
 * Settles one delivery. Not through rhea's own `update`: that joins two neighbours of one tick into one frame, which
 * says of the second what holds for the first, so a lost lock would be reported as a completed message.
 */
export function settle(delivery: DeliveryInternals, fault?: BrokerFault): void {
  const session = delivery.link.session as SessionInternals;
  const id = amqpTypes.wrap_uint(delivery.id);
  if (!delivery.remote_settled) {
    session.output(
      described(
        0x15,
        amqpTypes.List32([
          amqpTypes.wrap_boolean(delivery.link.is_receiver()),
          id,
          id,
          amqpTypes.wrap_boolean(true),
          fault === undefined ? accepted : rejected(fault),
        ]),
      ),
    );
  }
  delivery.settled = true;
  // With settle mode "second" the client says no more, and rhea would keep the delivery for ever.
  delivery.remote_settled = true;
  (delivery.link.connection as ConnectionInternals)._register();
}
