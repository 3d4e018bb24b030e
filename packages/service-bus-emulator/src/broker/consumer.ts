import type { BrokerMessage } from './broker-message.ts';
import type { BrokerFault } from './broker-fault.ts';
import type { SessionLock } from './session-registry.ts';

/** A link that receives from a mailbox. */
export interface Consumer {
  readonly session: SessionLock | undefined;
  /** With it a message is gone once it was written. */
  readonly receiveAndDelete: boolean;
  /** How many messages it takes now. */
  credit(): number;
  deliver(message: BrokerMessage): void;
  /** Ends the link from this side. */
  detach(reason: BrokerFault): void;
}
