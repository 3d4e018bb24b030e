import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError } from '../errors.ts';
import { headerNames } from '../headers.ts';
import type { MessageDefinition } from '../message/message-definition.ts';
import type { TransportOperation } from '../transport/operations.ts';
import type { OutgoingRequest } from './outgoing.ts';
import type { OutgoingLogicalMessage } from './stages.ts';

type Destination = TransportOperation['destination'];

/** Finds destinations: commands by route or option, events by topic, replies by the header of what is answered. */
export function createRouter(
  services: EndpointServices,
): (message: OutgoingLogicalMessage, request: OutgoingRequest) => Destination {
  const { routes, topology } = services;
  const byDefinition = new Map<MessageDefinition, Destination>();

  return ({ intent, definition }, request) => {
    if (intent === 'reply') return replyDestination(services, request);
    if (request.queue !== undefined) return { kind: 'queue', queue: request.queue };
    const named = request.options.destination;
    if (named !== undefined) return { kind: 'queue', queue: topology.inputQueue(named) };
    const known = byDefinition.get(definition);
    if (known !== undefined) return known;
    const destination: Destination =
      intent === 'publish'
        ? {
            kind: 'topic',
            topics: definition.chain.map((name) => topology.topic(name)),
            ...(definition.ordered && { ordered: true }),
          }
        : {
            kind: 'queue',
            queue: topology.inputQueue(
              routes.destinationOf(definition.name) ?? noRoute(services, definition),
            ),
          };
    byDefinition.set(definition, destination);
    return destination;
  };
}

function replyDestination(
  services: EndpointServices,
  { answers, incoming, message }: OutgoingRequest,
): Destination {
  const replyTo = answers === undefined ? incoming?.headers[headerNames.replyTo] : answers.replyTo;
  if (replyTo !== undefined && replyTo !== '') return { kind: 'queue', queue: replyTo };
  const messageId = answers?.messageId ?? incoming?.messageId ?? '';
  throw new BusbarError(
    'NO_REPLY_ADDRESS',
    `${message.constructor.name} cannot be sent as a reply: message ${messageId} names no address to reply to.`,
    { details: { messageId, endpoint: services.endpoint } },
  );
}

function noRoute(services: EndpointServices, definition: MessageDefinition): never {
  throw new BusbarError(
    'NO_ROUTE',
    `Endpoint "${services.endpoint}" does not know which endpoint owns the command ${definition.name}.`,
    {
      help: `Write \`defineRoutes({ owner: [${definition.type.name}] })\` and pass it as \`routes\`, or send with { destination: 'owner' }.`,
      details: { messageType: definition.name, endpoint: services.endpoint },
    },
  );
}
