import type { EventContext, Sender } from 'rhea';
import {
  type BrokerFault,
  entityDisabled,
  notAllowed,
  sessionLockLost,
} from '../broker/broker-fault.ts';
import { type BrokerMessage, encodeMessage } from '../broker/broker-message.ts';
import type { Consumer } from '../broker/consumer.ts';
import type { Mailbox } from '../broker/mailbox.ts';
import type { SessionLock } from '../broker/session-registry.ts';
import { deliveryTag, tokenText } from '../message/lock-token.ts';
import { settle } from './disposition.ts';
import type { ClientConnection, OpenLink } from './client-connection.ts';
import { openLink } from './link-opening.ts';
import { settleMessage, type Outcome } from './outcome.ts';
import {
  answerEveryDrain,
  type DeliveryInternals,
  type SenderInternals,
  type SessionInternals,
} from './rhea-internals.ts';

/** The settle mode of a sender that says "settled" with the message itself. */
export const presettled = 1;

export interface OutboundLinkOptions {
  readonly connection: ClientConnection;
  readonly sender: Sender;
  readonly mailbox: Mailbox;
  readonly session: SessionLock | undefined;
}

/** A link that a client receives messages on. */
export class OutboundLink implements Consumer {
  readonly session: SessionLock | undefined;
  readonly receiveAndDelete: boolean;
  readonly #options: OutboundLinkOptions;
  readonly #sender: SenderInternals;
  readonly #link: OpenLink;
  #open = true;

  constructor(options: OutboundLinkOptions) {
    const { connection, mailbox, session } = options;
    this.#options = options;
    this.#sender = options.sender as SenderInternals;
    this.session = session;
    this.receiveAndDelete = this.#sender.snd_settle_mode === presettled;
    this.#sender.local.attach.snd_settle_mode = this.#sender.snd_settle_mode;
    this.#sender.local.attach.rcv_settle_mode = this.#sender.rcv_settle_mode;
    this.#link = openLink(connection, options.sender, mailbox.address, () => {
      this.#open = false;
      mailbox.removeConsumer(this);
    });
    answerEveryDrain(this.#sender);
    this.#listen();
    mailbox.addConsumer(this);
  }

  credit(): number {
    if (!this.#open) return 0;
    const { outgoing } = this.#sender.session as SessionInternals;
    // Credit sinks when a frame is written, not when it is queued.
    const queued = outgoing.next_delivery_id - outgoing.next_pending_delivery;
    return Math.min(this.#sender.credit - queued, outgoing.deliveries.available());
  }

  deliver(message: BrokerMessage): void {
    const tag = deliveryTag(message.lock?.token ?? emptyToken);
    this.#sender.send(encodeMessage(message), tag, 0);
  }

  detach(reason: BrokerFault): void {
    this.#link.detach(reason);
  }

  #listen(): void {
    const sender = this.#sender;
    const { connection, mailbox } = this.#options;
    const dispatch = (): void => {
      connection.handle(
        () => {
          mailbox.dispatch();
        },
        (fault) => {
          this.detach(fault);
        },
      );
    };
    sender.on('sendable', dispatch);
    sender.on('sender_flow', dispatch);
    sender.on('sender_draining', () => {
      // What credit is left is given back, which is the answer that the client waits for.
      sender.set_drained(true);
    });
    for (const outcome of ['accepted', 'rejected', 'modified', 'released'] as const) {
      sender.on(outcome, (context: EventContext) => {
        this.#settle(context.delivery as unknown as DeliveryInternals, outcome);
      });
    }
  }

  #settle(delivery: DeliveryInternals, kind: Outcome['kind']): void {
    if (delivery.settled) return;
    const { connection, mailbox } = this.#options;
    connection.handle(
      () => {
        connection.faults.perform('settle', mailbox.address, () => {
          if (this.session?.held === false) throw sessionLockLost(this.session.id);
          const message = mailbox.locks.find(tokenText(deliveryTagBytes(delivery.tag)));
          settleMessage(mailbox, message, { kind, state: delivery.remote_state });
        });
        settle(delivery);
      },
      (fault) => {
        settle(delivery, fault);
      },
    );
  }
}

const emptyToken = '00000000-0000-0000-0000-000000000000';

/** The byte order of tags is its own inverse. */
function deliveryTagBytes(tag: Buffer): Buffer {
  return deliveryTag(tokenText(tag));
}

/** @throws BrokerFault when the entity's messages go elsewhere, or its sessions do not fit the link */
export function checkReceivable(mailbox: Mailbox, wantsSession: boolean): void {
  const { settings, address, kind } = mailbox;
  if (settings.status === 'Disabled' || settings.status === 'ReceiveDisabled') {
    throw entityDisabled(address);
  }
  if (kind === 'main' && settings.forwardTo !== undefined) {
    throw notAllowed(
      `Cannot create a message receiver on '${address}' because it forwards its messages to '${settings.forwardTo}'.`,
    );
  }
  if (mailbox.requiresSession && !wantsSession) {
    throw notAllowed(
      `It is not possible for an entity that requires sessions to create a non-sessionful message receiver ('${address}').`,
    );
  }
  if (!mailbox.requiresSession && wantsSession) {
    throw notAllowed(
      `A sessionful message receiver cannot be created on an entity that does not require sessions ('${address}').`,
    );
  }
}
