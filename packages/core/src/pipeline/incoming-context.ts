import type { MutableHeaders } from '../headers.ts';
import type { MessageDefinition } from '../message/message-definition.ts';
import type { StorageSession } from '../persistence/persistence.ts';
import type { SagaChange } from '../persistence/stored-saga.ts';
import type { Delivery, DeliveryAttempt } from '../transport/delivery.ts';
import type { TransportOperation } from '../transport/operations.ts';
import type { Sending } from './sending.ts';
import type { SendingScope } from './batch-sender.ts';
import type { HandlerInvocation } from './stages.ts';

/** How the processing of a message ended, when it did not fail. */
export type IncomingOutcome = 'handled' | 'expired' | 'deduplicated';

/** All that belongs to one attempt at one message. Each stage fills in what it finds out. */
export class IncomingContext implements HandlerInvocation, SendingScope {
  readonly delivery: Delivery;
  readonly failures: number;
  readonly startedAt: number;
  headers: MutableHeaders;
  body: Uint8Array;
  messageId = '';
  definition!: MessageDefinition;
  message!: object;
  session: StorageSession | undefined;
  outcome: IncomingOutcome = 'handled';
  /** The one batch of this attempt: what the handlers sent, and the audit copy. */
  readonly batch: TransportOperation[] = [];
  /** Sends that a handler began and may not have awaited; the attempt waits for them all the same. */
  readonly sending: Sending[] = [];
  /** What the sagas of this attempt became; the commit carries it out. */
  readonly sagas: SagaChange[] = [];
  /** The record of the outbox that keeps what is to be dispatched after the commit. */
  record: string | undefined;
  /** True once the transport has settled the delivery together with the batch. */
  settled = false;
  /** True once the attempt is over: a context that a handler kept must not send any more. */
  ended = false;

  constructor(attempt: DeliveryAttempt, startedAt: number) {
    this.delivery = attempt.delivery;
    this.failures = attempt.failures;
    this.headers = attempt.headers;
    this.body = attempt.delivery.body;
    this.startedAt = startedAt;
  }

  get queue(): string {
    return this.delivery.queue;
  }

  get nativeId(): string {
    return this.delivery.nativeId;
  }

  get deliveryCount(): number {
    return this.delivery.deliveryCount;
  }

  get native(): unknown {
    return this.delivery.native;
  }

  get signal(): AbortSignal {
    return this.delivery.signal;
  }

  get afterEnd(): string {
    return `the context of message ${this.messageId} after its handlers had ended`;
  }

  get storage(): unknown {
    return this.session?.storage;
  }
}
