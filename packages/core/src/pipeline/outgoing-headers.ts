import type { EndpointServices } from '../endpoint/endpoint-services.ts';
import { BusbarError } from '../errors.ts';
import { type Headers, type MutableHeaders, headerNames } from '../headers.ts';
import type { MessageDefinition } from '../message/message-definition.ts';
import { parseRfc3339 } from '../time/rfc3339.ts';
import type { OutgoingRequest } from './outgoing.ts';
import type { Timing } from './outgoing-options.ts';

const longestId = 200;
const longestPartitionKey = 128;

/** The headers that Busbar puts on everything it sends, and how they follow from the message being handled. */
export class OutgoingHeaders {
  readonly #services: EndpointServices;
  readonly #enclosedTypes = new Map<MessageDefinition, string>();
  /** The last time that was formatted: many messages are sent within one millisecond. */
  #millisecond = -1;
  #timeSent = '';

  constructor(services: EndpointServices) {
    this.#services = services;
  }

  create(
    id: string,
    request: OutgoingRequest,
    definition: MessageDefinition,
    timing: Timing,
  ): MutableHeaders {
    const { options, incoming } = request;
    const { endpoint, host, serializer, sendOnly, inputQueue } = this.#services;
    const headers: MutableHeaders = {
      [headerNames.messageId]: id,
      [headerNames.correlationId]: id,
      [headerNames.conversationId]: id,
      [headerNames.intent]: request.intent,
      [headerNames.enclosedTypes]: this.#enclosed(definition),
      [headerNames.contentType]: serializer.contentType,
      [headerNames.timeSent]: this.#now(),
      [headerNames.originatingEndpoint]: endpoint,
      [headerNames.originatingHost]: host,
    };
    const replyTo = request.replyTo ?? (sendOnly ? undefined : inputQueue);
    if (replyTo !== undefined) headers[headerNames.replyTo] = replyTo;
    if (incoming !== undefined) inherit(headers, incoming.messageId, incoming.headers);
    if (request.intent === 'reply') answer(headers, request);
    if (timing.deliverAt !== undefined) {
      headers[headerNames.deliverAt] = new Date(timing.deliverAt).toISOString();
    }
    const expiresAt = expiryOf(request, timing);
    if (expiresAt !== undefined) headers[headerNames.expiresAt] = expiresAt;
    if (options.partitionKey !== undefined) {
      headers[headerNames.partitionKey] = checked(
        'partitionKey',
        options.partitionKey,
        longestPartitionKey,
      );
    }
    if (options.messageId !== undefined) checked('messageId', options.messageId, longestId);
    if (request.headers !== undefined) Object.assign(headers, request.headers);
    if (this.#services.staticHeaders !== noHeaders)
      Object.assign(headers, this.#services.staticHeaders);
    if (options.headers !== undefined) addUserHeaders(headers, options.headers);
    return headers;
  }

  #enclosed(definition: MessageDefinition): string {
    let joined = this.#enclosedTypes.get(definition);
    if (joined === undefined) {
      joined = definition.chain.join(';');
      this.#enclosedTypes.set(definition, joined);
    }
    return joined;
  }

  #now(): string {
    const now = this.#services.clock.now();
    if (now !== this.#millisecond) {
      this.#millisecond = now;
      this.#timeSent = new Date(now).toISOString();
    }
    return this.#timeSent;
  }
}

/** The static headers of an endpoint that has none. */
export const noHeaders: Headers = Object.freeze({});

/** A reply expires with the request that it answers, unless it says otherwise. */
function expiryOf(
  { answers, intent, incoming }: OutgoingRequest,
  { expiresAt }: Timing,
): string | undefined {
  if (expiresAt !== undefined) return new Date(expiresAt).toISOString();
  if (intent !== 'reply') return undefined;
  const waitsUntil =
    answers === undefined ? incoming?.headers[headerNames.replyExpiresAt] : answers.replyExpiresAt;
  // What a foreign sender wrote and is no time would make the reply unreadable.
  return waitsUntil !== undefined && parseRfc3339(waitsUntil) !== undefined
    ? waitsUntil
    : undefined;
}

function inherit(headers: MutableHeaders, messageId: string, incoming: Headers): void {
  headers[headerNames.relatedTo] = messageId;
  headers[headerNames.correlationId] = incoming[headerNames.correlationId] ?? messageId;
  headers[headerNames.conversationId] = incoming[headerNames.conversationId] ?? messageId;
  const traceparent = incoming[headerNames.traceparent];
  if (traceparent !== undefined) headers[headerNames.traceparent] = traceparent;
  const tracestate = incoming[headerNames.tracestate];
  if (tracestate !== undefined) headers[headerNames.tracestate] = tracestate;
  const baggage = incoming[headerNames.baggage];
  if (baggage !== undefined) headers[headerNames.baggage] = baggage;
}

/** A reply finds the saga whose message it answers. */
function answer(headers: MutableHeaders, { answers, incoming }: OutgoingRequest): void {
  if (answers !== undefined) {
    headers[headerNames.correlationId] = answers.correlationId;
    headers[headerNames.conversationId] = answers.conversationId;
  }
  const sagaId =
    answers === undefined ? incoming?.headers[headerNames.originatingSagaId] : answers.sagaId;
  const sagaType =
    answers === undefined ? incoming?.headers[headerNames.originatingSagaType] : answers.sagaType;
  if (sagaId === undefined || sagaType === undefined) return;
  headers[headerNames.sagaId] = sagaId;
  headers[headerNames.sagaType] = sagaType;
}

/** Adds headers of the user's own; those of the framework are set by options, never by name. */
export function addUserHeaders(headers: MutableHeaders, own: Headers): void {
  if (typeof own !== 'object' || own === null || Array.isArray(own)) {
    throw new BusbarError('INVALID_HEADER', `The option headers is ${String(own)}.`, {
      help: 'Give it an object of names and values.',
      details: { option: 'headers' },
    });
  }
  for (const [name, value] of Object.entries(own)) {
    if (typeof value !== 'string' || name === '') {
      throw new BusbarError(
        'INVALID_HEADER',
        `The header "${name}" is ${name === '' ? 'without a name' : typeof value}.`,
        {
          help: 'Header names are not empty and values are strings.',
          details: { header: name },
        },
      );
    }
    if (name === '__proto__') {
      throw new BusbarError('INVALID_HEADER', 'The header "__proto__" cannot be sent.', {
        help: 'Use another name: in most places that headers pass it means something else, and would be lost.',
        details: { header: name },
      });
    }
    if (name.startsWith('busbar-')) {
      throw new BusbarError('INVALID_HEADER', `The header "${name}" belongs to the framework.`, {
        help: 'Use the option for it (messageId, partitionKey, timeToBeReceived, delay), or another name.',
        details: { header: name },
      });
    }
    headers[name] = value;
  }
}

function checked(option: string, value: string, longest: number): string {
  const fault = faultOf(value, longest);
  if (fault === undefined) return value;
  throw new BusbarError('INVALID_HEADER', `The option ${option} ${fault}.`, {
    help: `Give it a string of 1 to ${longest} characters, without null characters and lone surrogates.`,
    details: { option },
  });
}

/** A lone surrogate has no bytes, so that two texts would become one on their way; PostgreSQL takes no null character. */
function faultOf(value: unknown, longest: number): string | undefined {
  if (typeof value !== 'string') return `is ${typeof value}`;
  if (value === '' || value.length > longest) return `is ${value.length} characters long`;
  if (value.includes('\0')) return 'has a null character';
  return value.isWellFormed() ? undefined : 'has a lone surrogate';
}
