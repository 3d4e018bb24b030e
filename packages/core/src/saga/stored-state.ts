import { type Headers, headerNames } from '../headers.ts';

/** The message that a reply answers: where it goes, and what it must say to be recognised there. */
export interface AnsweredMessage {
  readonly messageId: string;
  readonly replyTo?: string | undefined;
  readonly correlationId: string;
  readonly conversationId: string;
  /** The saga instance that sent it. */
  readonly sagaId?: string | undefined;
  readonly sagaType?: string | undefined;
  readonly replyExpiresAt?: string | undefined;
}

/** The text of a stored saga: the state in the form of `version`, and the message that started the instance. */
export interface StoredState {
  readonly version: number;
  readonly state: object;
  readonly originator: AnsweredMessage;
}

/** The message with these headers, as one that may be answered later. */
export function answeredMessage(messageId: string, headers: Headers): AnsweredMessage {
  return {
    messageId,
    replyTo: headers[headerNames.replyTo],
    correlationId: headers[headerNames.correlationId] ?? messageId,
    conversationId: headers[headerNames.conversationId] ?? messageId,
    sagaId: headers[headerNames.originatingSagaId],
    sagaType: headers[headerNames.originatingSagaType],
    replyExpiresAt: headers[headerNames.replyExpiresAt],
  };
}

/** One JSON text, made around that of the state. */
export function encodeState(version: number, state: string, originator: AnsweredMessage): string {
  return `{"version":${version},"state":${state},"originator":${JSON.stringify(originator)}}`;
}

/** Undefined when the text was not made by {@link encodeState}. */
export function decodeState(text: string): StoredState | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed)) return undefined;
  const { version, state, originator } = parsed as Partial<Record<keyof StoredState, unknown>>;
  const readable = Number.isSafeInteger(version) && isRecord(state) && isRecord(originator);
  return readable ? (parsed as StoredState) : undefined;
}

/** Whether it can be a state: an object, and no list. */
export function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
