import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError } from '../errors.ts';
import { headerNames } from '../headers.ts';
import { createInstance } from '../message/create-instance.ts';
import type { MessageDefinition } from '../message/message-definition.ts';
import type { Serializer } from '../message/serializer.ts';
import { validate } from '../message/validate.ts';
import type { Step } from './behavior.ts';
import type { IncomingContext } from './incoming-context.ts';

/** From bytes to a valid instance of the message's class. */
export function createDeserializeStage(
  services: EndpointServices,
  next: Step<IncomingContext>,
): Step<IncomingContext> {
  const { mutators } = services;
  const objectMutators = mutators.filter((mutator) => mutator.incoming !== undefined);

  const whenValid = async (
    context: IncomingContext,
    valid: object | Promise<object>,
  ): Promise<void> => {
    context.message = createInstance(context.definition, await valid);
    for (const mutator of objectMutators) await mutator.incoming?.(context);
    await next(context);
  };

  return (context) => {
    const definition = findDefinition(services, context);
    const parsed = serializerOf(services, context).deserialize(context.body);
    const valid = validate(definition, parsed);
    context.definition = definition;
    if (valid instanceof Promise || objectMutators.length > 0) return whenValid(context, valid);
    context.message = createInstance(definition, valid);
    return next(context);
  };
}

/** The most derived type that this endpoint knows. */
function findDefinition(services: EndpointServices, context: IncomingContext): MessageDefinition {
  const enclosed = context.headers[headerNames.enclosedTypes];
  if (enclosed === undefined || enclosed === '') {
    throw new BusbarError(
      'UNDECODABLE',
      `Message ${context.messageId} has no header ${headerNames.enclosedTypes}, so nothing says which type it is.`,
      { details: { messageId: context.messageId, queue: context.queue } },
    );
  }
  // One type is by far the usual case.
  const definition =
    services.messages.find(enclosed) ?? services.messages.resolve(enclosed.split(';'));
  if (definition !== undefined) return definition;
  throw new BusbarError(
    'UNKNOWN_MESSAGE_TYPE',
    `Endpoint "${services.endpoint}" knows no message type "${enclosed.slice(0, 200)}" (message ${context.messageId}).`,
    { details: { messageId: context.messageId, enclosedTypes: enclosed.slice(0, 1_000) } },
  );
}

/** The serializer of the message's content type; the endpoint's own where the sender named none. */
export function serializerOf(services: EndpointServices, context: IncomingContext): Serializer {
  const contentType = context.headers[headerNames.contentType];
  if (contentType === undefined || contentType === '') return services.serializer;
  const serializer =
    services.serializers.get(contentType) ?? services.serializers.get(mediaType(contentType));
  if (serializer !== undefined) return serializer;
  throw new BusbarError(
    'UNDECODABLE',
    `Message ${context.messageId} is of content type "${contentType.slice(0, 100)}"; this endpoint reads ${[...services.serializers.keys()].join(', ')}.`,
    { details: { messageId: context.messageId, contentType: contentType.slice(0, 100) } },
  );
}

/** Without parameters such as `charset=utf-8`, and in lower case (RFC 9110, 8.3.1). */
function mediaType(contentType: string): string {
  return (contentType.split(';', 1)[0] as string).trim().toLowerCase();
}
