import { type Headers, type StoredMessage, headerNames } from '@busbar/core';

/** A message in an error queue, with what its headers say of the failure. */
export interface FailedMessage {
  /** The broker's own id, for `queues.move`. */
  readonly nativeId: string;
  readonly messageId: string;
  /** The wire name of its type; empty when the sender wrote none. */
  readonly messageType: string;
  /** The body, if it is JSON. */
  readonly json: unknown;
  readonly body: Uint8Array;
  readonly headers: Headers;
  readonly failure: FailureDescription;
}

/** The failure headers, decoded. What is not there is undefined. */
export interface FailureDescription {
  readonly queue: string | undefined;
  readonly at: Date | undefined;
  readonly attempts: number | undefined;
  /** The name of the error's class. */
  readonly type: string | undefined;
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly stack: string | undefined;
  readonly handler: string | undefined;
  readonly endpoint: string | undefined;
  readonly host: string | undefined;
}

/** Decodes what was found in an error queue. */
export function failedMessage({ nativeId, headers, body }: StoredMessage): FailedMessage {
  return {
    nativeId,
    messageId: headers[headerNames.messageId] ?? '',
    messageType: (headers[headerNames.enclosedTypes] ?? '').split(';', 1)[0] as string,
    json: parsed(body),
    body,
    headers,
    failure: {
      queue: headers[headerNames.failedQueue],
      at: dateOf(headers[headerNames.failedAt]),
      attempts: numberOf(headers[headerNames.failureAttempts]),
      type: headers[headerNames.failureType],
      code: headers[headerNames.failureCode],
      message: headers[headerNames.failureMessage],
      stack: headers[headerNames.failureStack],
      handler: headers[headerNames.failureHandler],
      endpoint: headers[headerNames.processingEndpoint],
      host: headers[headerNames.processingHost],
    },
  };
}

/** The headers that a replay removes, so that the message is as it was before it failed. */
export const withoutFailure: Readonly<Record<string, undefined>> = Object.freeze(
  Object.fromEntries(
    [
      headerNames.failedQueue,
      headerNames.failedAt,
      headerNames.failureAttempts,
      headerNames.failureType,
      headerNames.failureCode,
      headerNames.failureMessage,
      headerNames.failureStack,
      headerNames.failureHandler,
      headerNames.processingEndpoint,
      headerNames.processingHost,
    ].map((name) => [name, undefined]),
  ),
);

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as unknown;
  } catch {
    return undefined;
  }
}

function dateOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
