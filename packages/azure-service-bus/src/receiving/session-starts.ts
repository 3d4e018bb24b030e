import type { ServiceBusReceivedMessage, ServiceBusSessionReceiver } from '@azure/service-bus';
import { handedBackOf } from './start-count.ts';

/** What the state of a session says while somebody has it, and after. */
interface Note {
  /** The message that was the first of a turn. */
  readonly message: string;
  /** How often it was there when a turn ended without a word. */
  readonly crashes: number;
  /** As the service counted then, without what was handed back. */
  readonly deliveries: number;
  /** The turn has not ended. */
  readonly open: boolean;
}

/**
 * Counts what the service does not: a message of a session that was given up, by a process that died as by one that lives,
 * is delivered again as if it never had been. So each turn notes in the state of the session that it has begun, before its
 * first message is handled, and takes that back when it ends; what finds a note of another turn counts a start.
 */
export class SessionStarts {
  readonly #session: ServiceBusSessionReceiver;
  readonly #before: Promise<unknown>;
  #noted: Note | undefined;

  constructor(session: ServiceBusSessionReceiver) {
    this.#session = session;
    this.#before = session.getSessionState();
    // Whoever waits for it is told.
    this.#before.catch(() => undefined);
  }

  /** How often the message was begun and the service has not counted it. Rejects where nothing could be noted. */
  async begin(received: ServiceBusReceivedMessage): Promise<number> {
    const message = String(received.sequenceNumber);
    if (this.#noted !== undefined) {
      return this.#noted.message === message ? this.#noted.crashes : 0;
    }
    // What goes back before it is begun, as with a mark, is counted by the service, and is no start.
    const deliveries = (received.deliveryCount ?? 0) - handedBackOf(received);
    const before = noteIn(await this.#before);
    const note = {
      message,
      crashes: crashesOf(message, deliveries, before),
      deliveries,
      open: true,
    };
    await this.#session.setSessionState(note);
    this.#noted = note;
    return note.crashes;
  }

  /**
   * The turn ends in order.
   *
   * @param leaves the message that is still in the queue
   */
  async end(leaves: ServiceBusReceivedMessage | undefined): Promise<void> {
    const noted = this.#noted;
    if (noted === undefined || this.#session.isClosed) return;
    const stays = noted.crashes > 0 && String(leaves?.sequenceNumber) === noted.message;
    try {
      await this.#session.setSessionState(stays ? { ...noted, open: false } : null);
    } catch {
      // The session is lost, and a start too many is counted.
    }
  }
}

function crashesOf(message: string, deliveries: number, before: Note | undefined): number {
  if (before === undefined) return 0;
  if (before.message !== message) return before.open ? 1 : 0;
  const isCounted = !before.open || deliveries > before.deliveries;
  return before.crashes + (isCounted ? 0 : 1);
}

/** Anything else is somebody else's, and says nothing to us. */
function noteIn(state: unknown): Note | undefined {
  const { message, crashes, deliveries, open } = (state ?? {}) as Partial<Record<string, unknown>>;
  const isNote =
    typeof message === 'string' &&
    typeof crashes === 'number' &&
    typeof deliveries === 'number' &&
    typeof open === 'boolean';
  return isNote ? { message, crashes, deliveries, open } : undefined;
}
