import type { MessageContent } from '../message/message-content.ts';

/** Where a message comes from that reaches an entity. */
export interface Origin {
  /** How often it was forwarded so far. */
  readonly hops: number;
  readonly enqueuedSequenceNumber?: number | undefined;
  readonly deadLetterSource?: string | undefined;
}

export const fromSender: Origin = { hops: 0 };

/** Gives a message to another entity of the namespace. Throws a BrokerFault when that cannot take it. */
export type Forward = (to: string, content: MessageContent, origin: Origin) => void;
