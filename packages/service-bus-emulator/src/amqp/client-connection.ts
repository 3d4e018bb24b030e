import type { Socket } from 'node:net';
import type { Container, Receiver, Session } from 'rhea';
import type { Namespace } from '../broker/namespace.ts';
import { BrokerFault } from '../broker/broker-fault.ts';
import { checkFrames } from './check-frames.ts';
import { ConnectionDropped, type FaultPlan, liesAtOrBelow } from '../control/fault-plan.ts';
import { MalformedMessage } from '../message/malformed-message.ts';
import type { Tenant } from '../server/tenant.ts';
import {
  type ConnectionInternals,
  plainFormat,
  type SessionInternals,
  type SenderInternals,
} from './rhea-internals.ts';

const maxFrameSize = 65_536;
const mostChannels = 5_000;
const emptyFrameSize = 8;
/** A client that has said hello and no more is let go after this time. */
const handshakeTime = 30_000;
const goodbyeTime = 500;

/** One end of a link that the broker can close. */
export interface OpenLink {
  readonly address: string;
  detach(reason: BrokerFault): void;
  /** What has to be done when it has ended. */
  end(): void;
}

/** One client's connection. */
export class ClientConnection {
  readonly rhea: ConnectionInternals;
  readonly links = new Set<OpenLink>();
  /** Where responses go, by the name that a request asks for. */
  readonly replyLinks = new Map<string, SenderInternals>();
  /** Known by the first token; before it, the default. */
  tenant: Tenant;
  readonly #socket: Socket;
  readonly #largestMessage: number;
  readonly #received = new WeakMap<Receiver, number>();

  constructor(
    container: Container,
    socket: Socket,
    options: { readonly tenant: Tenant; readonly largestMessage: number },
  ) {
    this.tenant = options.tenant;
    this.#socket = socket;
    this.#largestMessage = options.largestMessage;
    this.rhea = container.create_connection({
      container_id: 'busbar-service-bus-emulator',
      max_frame_size: maxFrameSize,
      channel_max: mostChannels - 1,
      idle_time_out: 240_000,
      session_buffer_size: { incoming: 2_048, outgoing: 65_536 },
      reconnect: false,
    } as Parameters<Container['create_connection']>[0]) as ConnectionInternals;
    this.#watchInput();
    for (const event of ['error', 'protocol_error']) {
      // What comes after it cannot be understood any more.
      this.rhea.on(event, () => {
        this.drop();
      });
    }
    // Here and not for each link: a connection lives long and would keep what each of its links left behind.
    const endLinks = (): void => {
      for (const link of this.links) link.end();
    };
    this.rhea.on('connection_close', endLinks);
    this.rhea.on('disconnected', endLinks);
    const hurry = setTimeout(() => {
      if (!this.rhea.is_open()) this.drop();
    }, handshakeTime);
    hurry.unref();
    socket.once('close', () => {
      clearTimeout(hurry);
      this.#stopHeartbeats();
      // Of a socket that the broker destroyed rhea says nothing, and what is sent to its links nobody would get.
      endLinks();
    });
  }

  get namespace(): Namespace {
    return this.tenant.namespace;
  }

  get faults(): FaultPlan {
    return this.tenant.faults;
  }

  accept(): void {
    this.rhea.accept(this.#socket);
    checkFrames(this.rhea.amqp_transport);
    const handshake = this.rhea.sasl_transport?.transports[3].transport;
    if (handshake !== undefined) checkFrames(handshake);
  }

  /** Ends the connection without a word, as a broken network does. */
  drop(): void {
    this.#socket.destroy();
  }

  /** Says goodbye, and waits a moment for the client to answer: one that does not know waits for its own time-out. */
  async close(): Promise<void> {
    if (!this.rhea.is_open()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const hurry = setTimeout(resolve, goodbyeTime);
    this.#socket.once('close', resolve);
    this.rhea.close({
      condition: 'amqp:connection:forced',
      description: 'The emulator is stopping.',
    });
    await promise;
    clearTimeout(hurry);
  }

  detachLinks(entity: string | undefined, reason: BrokerFault): number {
    let detached = 0;
    for (const link of this.links) {
      if (entity !== undefined && !liesAtOrBelow(link.address, entity)) continue;
      link.detach(reason);
      detached++;
    }
    return detached;
  }

  /** Calls `onFault` with what went wrong. */
  handle(action: () => void, onFault: (fault: BrokerFault) => void): void {
    try {
      action();
    } catch (error) {
      if (error instanceof ConnectionDropped) this.drop();
      else if (error instanceof BrokerFault) onFault(error);
      else if (error instanceof MalformedMessage) {
        onFault(new BrokerFault('amqp:decode-error', 400, error.message));
      } else {
        // A mistake of the emulator. It costs the client this operation, and not every client their emulator.
        onFault(new BrokerFault('amqp:internal-error', 500, String(error)));
      }
    } finally {
      this.tenant.changes.tell();
    }
  }

  /** Bytes of the message that was just received; more than it has when they were too many to keep. */
  takeReceived(receiver: Receiver): number {
    const bytes = this.#received.get(receiver) ?? 0;
    this.#received.delete(receiver);
    return bytes;
  }

  watchSession(session: Session): void {
    const { incoming } = session as SessionInternals;
    const original = incoming.on_transfer.bind(incoming);
    incoming.on_transfer = (frame, receiver) => {
      // Left alone, rhea would decode the message and lose the types of its values.
      if (frame.performative.message_format === 0) frame.performative.message_format = plainFormat;
      const bytes = (this.#received.get(receiver) ?? 0) + (frame.payload?.length ?? 0);
      this.#received.set(receiver, bytes);
      frame.payload =
        bytes > this.#largestMessage ? Buffer.alloc(0) : (frame.payload ?? Buffer.alloc(0));
      original(frame, receiver);
    };
  }

  /** rhea sets them again with its last frame, and they would keep the process for minutes. */
  #stopHeartbeats(): void {
    this.rhea.socket_ready = false;
    clearTimeout(this.rhea.heartbeat_in);
    clearTimeout(this.rhea.heartbeat_out);
  }

  #watchInput(): void {
    const { rhea } = this;
    const socket = this.#socket;
    const input = rhea.input.bind(rhea);
    rhea.input = (chunk) => {
      const written = socket.bytesWritten;
      input(chunk);
      if ((rhea.frame_size ?? 0) > maxFrameSize) {
        this.drop();
        return;
      }
      if (chunk.length === emptyFrameSize) return;
      // Without an answer the acknowledgement of these bytes waits 40 ms, and with it a client that uses Nagle's
      // algorithm. An empty frame is a heartbeat, and carries the acknowledgement at once.
      setImmediate(() => {
        if (socket.bytesWritten === written && rhea.is_open() && socket.writable) {
          rhea._write_frame();
        }
      });
    };
  }
}
