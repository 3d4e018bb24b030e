import type { Sender } from 'rhea';
import { BrokerFault } from '../broker/broker-fault.ts';
import type { Mailbox } from '../broker/mailbox.ts';
import type { SessionLock } from '../broker/session-registry.ts';
import { amqpTypes } from '../message/amqp-types.ts';
import { sessionLockLost } from '../broker/broker-fault.ts';
import { findMailbox, parseAddress } from '../broker/address.ts';
import type { ClientConnection } from './client-connection.ts';
import { openLink, refuse } from './link-opening.ts';
import { checkReceivable, OutboundLink } from './outbound-link.ts';
import type { SenderInternals } from './rhea-internals.ts';

const sessionFilter = 'com.microsoft:session-filter';
const timeoutProperty = 'com.microsoft:timeout';
const lockedUntilProperty = 'com.microsoft:locked-until-utc';
const defaultTimeout = 60_000;
const dotNetEpoch = 621_355_968_000_000_000n;

/** Opens a link that a client receives on, once there is a session if it asked for the next one. */
export function acceptReceiverLink(
  connection: ClientConnection,
  sender: Sender,
  text: string,
): void {
  const refuseLink = (fault: BrokerFault): void => {
    refuse(sender, fault);
  };
  connection.handle(() => {
    const address = parseAddress(text);
    const mailbox = connection.faults.perform('attach', address.entity, () =>
      findMailbox(connection.namespace, address),
    );
    const wanted = wantedSession(sender);
    checkReceivable(mailbox, wanted !== undefined);
    const attach = new ReceiverAttach(connection, sender, mailbox);
    if (wanted === undefined) attach.open(undefined);
    else if (wanted !== null) attach.openSession(wanted);
    else attach.openNextSession(timeoutOf(sender));
  }, refuseLink);
}

class ReceiverAttach {
  readonly #connection: ClientConnection;
  readonly #sender: SenderInternals;
  readonly #mailbox: Mailbox;

  constructor(connection: ClientConnection, sender: Sender, mailbox: Mailbox) {
    this.#connection = connection;
    this.#sender = sender as SenderInternals;
    this.#mailbox = mailbox;
  }

  open(session: SessionLock | undefined): OutboundLink {
    const sender = this.#sender;
    const filter = session === undefined ? undefined : { [sessionFilter]: session.id };
    sender.set_source({
      address: sender.source.address,
      ...(filter !== undefined && { filter }),
    });
    sender.set_target(sender.target);
    if (session !== undefined) {
      sender.local.attach.properties = { [lockedUntilProperty]: ticks(session.until) };
    }
    return new OutboundLink({
      connection: this.#connection,
      sender,
      mailbox: this.#mailbox,
      session,
    });
  }

  /** @throws BrokerFault when another receiver holds the session */
  openSession(id: string): void {
    let link: OutboundLink | undefined;
    const lock = this.#mailbox.sessions.lock(id, () => {
      link?.detach(sessionLockLost(id));
    });
    link = this.open(lock);
  }

  /** Keeps the client waiting for an answer until a session is free. */
  openNextSession(timeout: number): void {
    const free = this.#mailbox.nextSession();
    if (free !== undefined) {
      this.openSession(free);
      return;
    }
    const sender = this.#sender;
    // Takes back what rhea queued when the attach arrived: the answer.
    sender.state.local_open = false;
    sender.state.open_requests = 0;
    const { clock } = this.#connection.namespace;
    const answer = (act: () => void): void => {
      stop();
      this.#connection.links.delete(waiting);
      sender.open();
      act();
    };
    const timer = clock.at(clock.now() + timeout, () => {
      answer(() => {
        refuse(sender, noSession(this.#mailbox.address, timeout));
      });
    });
    const stopWaiting = this.#mailbox.whenSessionFree(() => {
      answer(() => {
        const id = this.#mailbox.nextSession();
        if (id !== undefined) this.openSession(id);
      });
    });
    const stop = (): void => {
      timer.cancel();
      stopWaiting();
    };
    const waiting = openLink(this.#connection, sender, this.#mailbox.address, () => {
      stop();
      // The client detaches a link that was never attached: it expects both answers.
      sender.open();
    });
  }
}

/** `undefined` for a link without sessions, `null` for the next session that is free. */
function wantedSession(sender: Sender): string | null | undefined {
  const { filter } = sender.source;
  if (filter === undefined || filter === null || !(sessionFilter in filter)) return undefined;
  const wanted: unknown = filter[sessionFilter];
  if (typeof wanted === 'string') return wanted;
  // Some clients describe the filter, which is a value inside a value.
  const described = (wanted as { readonly value?: unknown } | null)?.value;
  return typeof described === 'string' ? described : null;
}

function timeoutOf(sender: Sender): number {
  const timeout: unknown = sender.properties?.[timeoutProperty];
  return typeof timeout === 'number' && timeout > 0 ? timeout : defaultTimeout;
}

function noSession(address: string, timeout: number): BrokerFault {
  return new BrokerFault(
    'com.microsoft:timeout',
    408,
    `No session of '${address}' became free within ${timeout} ms.`,
  );
}

/** Ticks of .NET, which are too large for a double. */
function ticks(time: number): unknown {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(Math.trunc(time)) * 10_000n + dotNetEpoch);
  return amqpTypes.wrap_long(bytes);
}
