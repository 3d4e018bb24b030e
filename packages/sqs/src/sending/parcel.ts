import type { DispatchResult } from '@busbar/core';
import type { WireMessage } from '../message/wire-message.ts';
import type { BatchEntry } from './batcher.ts';

/** One message on its way to one queue or topic, until it is known what became of it. */
export interface Parcel extends BatchEntry {
  readonly wire: WireMessage;
  readonly delaySeconds?: number;
  /** The message group; in ordered queues and topics each message has one. */
  readonly messageGroup?: string | undefined;
  readonly deduplication?: string | undefined;
  /** Until when it is tried, by the monotonic clock. */
  readonly until: number;
  readonly done: (result: DispatchResult) => void;
  /** Called before that when AWS refused the message itself: a smaller one may be taken. */
  readonly refused?: () => void;
}

/** What one call says of one of its entries. */
export interface EntryFailure {
  readonly Id: string | undefined;
  readonly Code: string | undefined;
  readonly Message?: string | undefined;
  readonly SenderFault: boolean | undefined;
}

/** What one call said. */
export interface BatchAnswer {
  readonly Successful?:
    | readonly { readonly Id?: string | undefined; readonly MessageId?: string | undefined }[]
    | undefined;
  readonly Failed?: readonly EntryFailure[] | undefined;
}
