import type { RabbitMqSettings } from '../../../src/rabbitmq-options.ts';
import { deliveryExchange } from '../../../src/topology/names.ts';
import { literalPattern } from '../../../src/topology/operator-text.ts';

/** What an endpoint does, by name. */
export interface EndpointUse {
  /** Queues that it receives from. */
  readonly receives: readonly string[];
  /** Queues that it sends to: of its routes, for replies, for errors and audit. */
  readonly sendsTo: readonly string[];
  /** The topics of the events that it publishes, base types included. */
  readonly publishes: readonly string[];
}

/** Regular expressions for `rabbitmqctl set_permissions`. */
export interface Permissions {
  readonly configure: string;
  readonly write: string;
  readonly read: string;
}

/**
 * The least that a user needs who runs an endpoint whose queues, subscriptions and topics were provisioned by another
 * user.
 */
export function leastPermissions(
  use: EndpointUse,
  { delayPrefix }: Pick<RabbitMqSettings, 'delayPrefix'>,
): Permissions {
  const { receives, sendsTo, publishes } = use;
  const levels = `${literalPattern(delayPrefix)}\\.\\d\\d`;
  const queues = [...receives, ...sendsTo].map(literalPattern);
  const topics = publishes.map(literalPattern);
  return {
    configure: '^$',
    // `amq.default` is the exchange that leads to all queues; the queues themselves are bound to the delays.
    write: oneOf([String.raw`amq\.default`, levels, ...queues, ...topics]),
    read: oneOf([
      ...receives.map(literalPattern),
      literalPattern(deliveryExchange(delayPrefix)),
      ...topics,
    ]),
  };
}

function oneOf(patterns: readonly string[]): string {
  return `^(${[...new Set(patterns)].join('|')})$`;
}
