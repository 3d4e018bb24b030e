import type { Socket } from 'node:net';
import type { Connection, Receiver, Sender, Session } from 'rhea';
import type { Typed } from '../message/amqp-types.ts';

/**
 * What a server has to reach in rhea that its declarations leave out. Everything of that kind goes through this file,
 * so that a new version of rhea is compared here.
 */
export interface TransferFrame {
  performative: { message_format: number | null | undefined };
  payload: Buffer | undefined;
}

export interface SessionInternals extends Session {
  readonly incoming: {
    on_transfer(frame: TransferFrame, receiver: Receiver): void;
  };
  readonly outgoing: {
    readonly next_delivery_id: number;
    readonly next_pending_delivery: number;
    readonly deliveries: { available(): number };
    /** Writes what is queued, as far as credit and window allow. */
    process(): void;
  };
  output(performative: Typed): void;
}

interface LinkInternals {
  readonly local: {
    readonly attach: {
      max_message_size?: number;
      snd_settle_mode?: number;
      rcv_settle_mode?: number;
      properties?: Readonly<Record<string, unknown>>;
    };
  };
  readonly state: { local_open: boolean; open_requests: number };
}

export interface SenderInternals extends Sender, LinkInternals {
  credit: number;
  delivery_count: number;
  readonly _draining: boolean;
  readonly _drained: boolean;
  /** Asked when a flow is written: whether it says that the credit is used up because the client asked for that. */
  _get_drain(): boolean;
}
export type ReceiverInternals = Receiver & LinkInternals;

export interface TransportInternals {
  readonly header_received?: unknown;
  /** Reads the frames that are complete. Returns where the first incomplete one begins. */
  read(bytes: Buffer): number;
}

export interface ConnectionInternals extends Connection {
  readonly amqp_transport: TransportInternals;
  /** By the number of the protocol: 3 for the handshake before the first frame. */
  readonly sasl_transport?: {
    readonly transports: Readonly<Record<3, { readonly transport: TransportInternals }>>;
  };
  input(chunk: Buffer): void;
  /** Bytes of the frame that is being received, once they are known. */
  readonly frame_size?: number;
  /** Whether anything is written, and timers for heartbeats are set. */
  socket_ready: boolean;
  readonly heartbeat_in?: NodeJS.Timeout;
  readonly heartbeat_out?: NodeJS.Timeout;
  accept(socket: Socket): void;
  _register(): void;
  _write_frame(channel?: number, performative?: Typed, payload?: Buffer): void;
}

export interface DeliveryInternals {
  readonly id: number;
  readonly tag: Buffer;
  readonly format: number;
  readonly link: Sender | Receiver;
  readonly remote_state?: { readonly constructor: { readonly composite_type?: string } };
  settled: boolean;
  remote_settled: boolean;
}

/** Tells a message that rhea would decode, and lose the types of, from one that it hands over as bytes. */
export const plainFormat = 0x7f_00_00_00;
export const batchFormat = 0x80_01_37_00;

/**
 * Of itself rhea leaves a drain without an answer where messages have used up the credit, and the client waits for it; and
 * what was queued since it last wrote messages would lose the credit that it was queued for, and stay locked and unsent.
 */
export function answerEveryDrain(sender: SenderInternals): void {
  const { outgoing } = sender.session as SessionInternals;
  sender._get_drain = () => {
    if (!sender._draining || !sender._drained) return false;
    outgoing.process();
    // The client's window is full; it is answered once that has room again.
    if (outgoing.next_pending_delivery < outgoing.next_delivery_id && sender.credit > 0) {
      setImmediate(() => {
        sender.set_drained(true);
        (sender.connection as ConnectionInternals)._register();
      });
      return false;
    }
    sender.delivery_count += sender.credit;
    sender.credit = 0;
    return true;
  };
}
