import type { Headers, Intent, MutableHeaders } from '../headers.ts';
import type { MessageDefinition } from '../message/message-definition.ts';
import type { RecoveryAction } from '../recoverability/decide-recovery.ts';
import type { TransportOperation } from '../transport/operations.ts';

/** Received: raw headers and bytes, as they came. */
export interface IncomingEnvelope {
  readonly queue: string;
  readonly nativeId: string;
  readonly deliveryCount: number;
  /** What the transport received, for those who know the broker. */
  readonly native: unknown;
  /** A copy for this attempt; changes are gone with it. */
  headers: MutableHeaders;
  body: Uint8Array;
  /** Fires when the delivery is lost: stop, nothing that is done from then on counts. */
  readonly signal: AbortSignal;
}

/** Unwrapped: headers by Busbar's names, the body of the message itself. */
export interface IncomingPhysicalMessage extends IncomingEnvelope {
  readonly messageId: string;
}

/** Deserialized and valid: an instance of its class. */
export interface IncomingMessageContext extends IncomingPhysicalMessage {
  message: object;
  readonly definition: MessageDefinition;
}

/** In its transaction, about to be handled. */
export interface HandlerInvocation extends IncomingMessageContext {
  readonly storage: unknown;
}

/** Outgoing, before its destination is known. Headers of Busbar's own are set already. */
export interface OutgoingLogicalMessage {
  readonly intent: Intent;
  message: object;
  readonly definition: MessageDefinition;
  readonly headers: MutableHeaders;
  /** The id of the message that is being handled, if any. */
  readonly relatedTo: string | undefined;
}

/** Outgoing, routed, about to become bytes. */
export interface OutgoingRoutedMessage extends OutgoingLogicalMessage {
  destination: TransportOperation['destination'];
}

/** A batch about to be given to the transport. */
export interface OutgoingBatch {
  readonly operations: TransportOperation[];
}

/** A failed message, decided about; a behaviour may change the decision before it is carried out. */
export interface RecoveryContext {
  readonly queue: string;
  readonly messageId: string;
  /** As received. */
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly error: Error;
  readonly immediateFailures: number;
  readonly delayedAttempts: number;
  action: RecoveryAction;
  /** Headers to add to the copy, over Busbar's own. */
  readonly extraHeaders: MutableHeaders;
}

/**
 * The stages by name, each with what is known there. Incoming in order: `transport-receive`, `unwrap`, `outbox`,
 * `deserialize`, `transaction`, `handlers`. Outgoing in order: `route`, `serialize`, `dispatch`. Beside them:
 * `recoverability`.
 */
export interface StageContexts {
  'transport-receive': IncomingEnvelope;
  unwrap: IncomingEnvelope;
  outbox: IncomingPhysicalMessage;
  deserialize: IncomingPhysicalMessage;
  transaction: IncomingMessageContext;
  handlers: HandlerInvocation;
  route: OutgoingLogicalMessage;
  serialize: OutgoingRoutedMessage;
  dispatch: OutgoingBatch;
  recoverability: RecoveryContext;
}

/** The name of a stage. */
export type StageName = keyof StageContexts;

/** All stages with what each does, in order; `endpoint.diagnostics()` prints it. */
export const stageDescriptions: Readonly<Record<StageName, string>> = {
  'transport-receive': 'takes headers and bytes as they came',
  unwrap: 'chooses the envelope, fetches a checked-in body, drops what has expired',
  outbox: 'skips the handlers of a message that was handled before; dispatches after the commit',
  deserialize: 'finds the type, makes an instance of its class, validates it',
  transaction: 'commits the changes of all handlers, and with an outbox what they sent',
  handlers: 'calls the handlers of the message, one after the other',
  route: 'finds the destination of an outgoing message',
  serialize: 'validates an outgoing message and makes bytes of it',
  dispatch: 'gives a batch to the transport and checks each result',
  recoverability: 'carries out the decision about a failed message',
};
