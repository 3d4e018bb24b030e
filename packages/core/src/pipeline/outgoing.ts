import { randomUUID } from 'node:crypto';
import { checkIn } from '../claim-check/claim-check.ts';
import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { composeOutgoing } from '../endpoint/observation.ts';
import { BusbarError } from '../errors.ts';
import { type Headers, type Intent, headerNames } from '../headers.ts';
import { type MessageDefinition, definitionOf } from '../message/message-definition.ts';
import { prepareForWire } from '../message/prepare-for-wire.ts';
import { headerBytes, headerReserve, mostHeaderBytes } from '../recoverability/failure-headers.ts';
import { checkPublish, checkReply, checkSend } from '../routing/best-practices.ts';
import type { AnsweredMessage } from '../saga/stored-state.ts';
import type { OutgoingMessage, TransportOperation } from '../transport/operations.ts';
import { compose } from './behavior.ts';
import type { IncomingContext } from './incoming-context.ts';
import { type OutgoingOptions, checkOutgoingOptions, resolveTiming } from './outgoing-options.ts';
import { OutgoingHeaders } from './outgoing-headers.ts';
import { createRouter } from './route-stage.ts';
import type { OutgoingRoutedMessage } from './stages.ts';

/** Something that is to be sent. */
export interface OutgoingRequest {
  readonly intent: Intent;
  readonly message: object;
  readonly options: OutgoingOptions;
  /** The attempt that sends it. */
  readonly incoming?: IncomingContext;
  /** The exact queue, whatever the routes say. */
  readonly queue?: string | undefined;
  /** Where a reply goes, when not to the endpoint's own queue. */
  readonly replyTo?: string;
  /** Headers of the framework's own, beside the usual ones. */
  readonly headers?: Headers;
  /** A timeout of a saga: what could otherwise only be a reply, sent to the endpoint itself. */
  readonly isTimeout?: boolean;
  /** What a reply answers, when that is not the message that is handled. */
  readonly answers?: AnsweredMessage;
}

/** Makes transport operations of messages: the `route` and `serialize` stages, composed once. */
export interface Outgoing {
  /** Gives, or throws, at once unless something on the way takes time: a behaviour, a mutator, a claim, a schema. */
  prepare(request: OutgoingRequest): TransportOperation | Promise<TransportOperation>;
}

interface OutgoingContext extends OutgoingRoutedMessage {
  readonly request: OutgoingRequest;
  readonly deliverAt: number | undefined;
  readonly expiresAt: number | undefined;
  operation: TransportOperation | undefined;
}

/** @throws BusbarError from `prepare` for everything that keeps a message from being sent; nothing was sent then. */
export function createOutgoing(services: EndpointServices): Outgoing {
  const { clock, logger, observers } = services;
  const usualHeaders = new OutgoingHeaders(services);
  const observe = composeOutgoing(observers, logger);
  const route = createRouter(services);
  const pack = createPacker(services);
  const serialize = compose('serialize', services.behaviors, createSerializer(services, pack));
  const run = compose('route', services.behaviors, (context: OutgoingContext) => {
    context.destination = route(context, context.request);
    return serialize(context);
  });

  const prepareInSteps = async (context: OutgoingContext): Promise<TransportOperation> => {
    await run(context);
    return context.operation ?? swallowed(context);
  };

  const prepareAtOnce = (
    context: OutgoingContext,
  ): TransportOperation | Promise<TransportOperation> => {
    const { definition, headers, message, request } = context;
    context.destination = route(context, request);
    const body = prepareForWire(definition, message, services.serializer);
    return body instanceof Promise
      ? body.then((bytes) => pack(context, { headers, body: bytes }))
      : pack(context, { headers, body });
  };

  const prepare = takesSteps(services) ? prepareInSteps : prepareAtOnce;

  return {
    prepare(request) {
      const { intent, message, options, incoming } = request;
      const definition = definitionOf(message);
      if (typeof message === 'function') throw classInsteadOfMessage(definition);
      if (request.isTimeout !== true) checkFor[intent](definition);
      checkOutgoingOptions(definition, options);
      if (definition.ordered && options.partitionKey === undefined) throw withoutKey(definition);
      const timing = resolveTiming(intent, options, definition, clock.now(), services.capabilities);
      const id = options.messageId ?? randomUUID();
      const headers = usualHeaders.create(id, request, definition, timing);
      observe?.(headers);
      const context: OutgoingContext = {
        intent,
        message,
        definition,
        headers,
        relatedTo: incoming?.messageId,
        destination: noDestination,
        request,
        deliverAt: timing.deliverAt,
        expiresAt: timing.expiresAt,
        operation: undefined,
      };
      return prepare(context);
    },
  };
}

function classInsteadOfMessage({ name, type }: MessageDefinition): BusbarError {
  return new BusbarError('NOT_A_MESSAGE', `The class of ${name} was given, not a message of it.`, {
    help: `Pass an instance: new ${type.name}({ … }).`,
    details: { messageType: name },
  });
}

function withoutKey({ name }: MessageDefinition): BusbarError {
  return new BusbarError(
    'MISSING_PARTITION_KEY',
    `The ordered event ${name} has no partition key.`,
    {
      details: { messageType: name },
    },
  );
}

const checkFor = { send: checkSend, publish: checkPublish, reply: checkReply } as const;

const noDestination: TransportOperation['destination'] = { kind: 'queue', queue: '' };

/** Whether anything but the message's own schema can take part in making its operation. */
function takesSteps({ behaviors, claimCheck, mutators }: EndpointServices): boolean {
  return (
    claimCheck !== undefined ||
    behaviors.some(({ stage }) => stage === 'route' || stage === 'serialize') ||
    mutators.some((mutator) => 'outgoing' in mutator || 'outgoingBytes' in mutator)
  );
}

type Packer = (context: OutgoingContext, message: OutgoingMessage) => TransportOperation;

function createSerializer(
  { claimCheck, clock, mutators, serializer }: EndpointServices,
  pack: Packer,
): (context: OutgoingContext) => Promise<void> {
  const objectMutators = mutators.filter((mutator) => mutator.outgoing !== undefined);
  const byteMutators = mutators.filter((mutator) => mutator.outgoingBytes !== undefined);

  return async (context) => {
    for (const mutator of objectMutators) await mutator.outgoing?.(context);
    const { definition } = context;
    const prepared = prepareForWire(definition, context.message, serializer);
    const bytes = {
      headers: context.headers,
      body: prepared instanceof Promise ? await prepared : prepared,
    };
    for (const mutator of byteMutators) await mutator.outgoingBytes?.(bytes);
    let message: OutgoingMessage = bytes;
    if (claimCheck !== undefined) {
      message = await checkIn(claimCheck, bytes, clock.now(), context.intent === 'publish');
    }
    context.operation = pack(context, message);
  };
}

function createPacker(services: EndpointServices): Packer {
  const { writtenEnvelope } = services;
  const envelopeIsNative = writtenEnvelope.name === 'busbar';

  return ({ definition, deliverAt, expiresAt, headers, destination }, unwrapped) => {
    const message = envelopeIsNative ? unwrapped : writtenEnvelope.wrap(unwrapped);
    checkSize(services, definition, message, destination.kind === 'topic');
    const partitionKey = headers[headerNames.partitionKey];
    return {
      message,
      destination,
      ...(deliverAt !== undefined && { deliverAt }),
      ...(expiresAt !== undefined && deliverAt === undefined && { expiresAt }),
      ...(partitionKey !== undefined && { partitionKey }),
    };
  };
}

function checkSize(
  { capabilities }: EndpointServices,
  definition: MessageDefinition,
  { headers, body }: OutgoingMessage,
  isEvent: boolean,
): void {
  const { maxEventBodyBytes } = capabilities;
  const maxBodyBytes = (isEvent ? maxEventBodyBytes : undefined) ?? capabilities.maxBodyBytes;
  const maxHeaderBytes = capabilities.maxHeaderBytes - headerReserve(capabilities.maxHeaderBytes);
  const details = { messageType: definition.name, messageId: headers[headerNames.messageId] };
  if (body.byteLength > maxBodyBytes) {
    throw new BusbarError(
      'MESSAGE_TOO_LARGE',
      `${definition.name} ${details.messageId} is ${body.byteLength} bytes long; the transport takes ${maxBodyBytes}.`,
      { details: { ...details, bytes: body.byteLength, maxBodyBytes } },
    );
  }
  if (mostHeaderBytes(headers) <= maxHeaderBytes) return;
  const bytes = headerBytes(headers);
  if (bytes <= maxHeaderBytes) return;
  throw new BusbarError(
    'HEADERS_TOO_LARGE',
    `The headers of ${definition.name} ${details.messageId} are ${bytes} bytes long; the transport takes ${maxHeaderBytes}, with room for a copy.`,
    { details: { ...details, bytes, maxHeaderBytes } },
  );
}

function swallowed({ definition, headers }: OutgoingContext): never {
  const id = headers[headerNames.messageId];
  throw new BusbarError(
    'DISPATCH_REFUSED',
    `A behaviour of an outgoing stage did not call next() for ${definition.name} ${id}, so there is nothing to send.`,
    {
      help: 'Call next(), or throw an error that says why the message must not leave.',
      details: { messageId: id },
    },
  );
}
