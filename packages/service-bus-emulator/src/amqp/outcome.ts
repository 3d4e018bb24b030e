import type { BrokerMessage } from '../broker/broker-message.ts';
import type { Mailbox } from '../broker/mailbox.ts';
import { deadLetter, defer, merge } from '../broker/settlement.ts';
import { plain, type Typed } from '../message/amqp-types.ts';
import { mapEntries } from '../message/map-entries.ts';

/** How a client settles, as AMQP's delivery states say it. */
export interface Outcome {
  readonly kind: 'accepted' | 'rejected' | 'modified' | 'released';
  readonly state: unknown;
}

/** A list whose fields rhea hands out decoded; beneath lie the values with their types. */
interface Composite {
  readonly value: readonly (Typed | undefined)[];
}

const errorInfo = 2;
const modifiedUndeliverable = 1;
const modifiedAnnotations = 2;

export function settleMessage(mailbox: Mailbox, message: BrokerMessage, outcome: Outcome): void {
  const fields = (outcome.state as Composite | undefined)?.value ?? [];
  switch (outcome.kind) {
    case 'accepted':
      mailbox.remove(message);
      break;
    case 'released':
      mailbox.release(message, true);
      break;
    case 'modified':
      merge(message, mapEntries(fields[modifiedAnnotations]));
      if (plain(fields[modifiedUndeliverable]) === true) defer(mailbox, message);
      else mailbox.release(message, true);
      break;
    case 'rejected': {
      const error = (fields[0]?.value ?? []) as readonly (Typed | undefined)[];
      deadLetter(mailbox, message, mapEntries(error[errorInfo]));
      break;
    }
  }
}
