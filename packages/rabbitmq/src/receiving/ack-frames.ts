import { Buffer } from 'node:buffer';
import type { Writable } from 'node:stream';
import type { Channel } from 'amqplib';

/** `basic.ack` of one delivery: type, channel, size, class and method, delivery tag, multiple, end. */
const frameBytes = 21;
const methodFrame = 1;
const payloadBytes = 13;
const basicAck = (60 << 16) | 80;
const frameEnd = 0xce;
const recentMs = 1_000;

/** The parts of amqplib's channel below its `ack`. */
interface Parts {
  readonly ch: number;
  readonly connection: {
    /** By number; what goes into a channel's buffer keeps its order, and leaves a turn later. */
    readonly channels: readonly ({ readonly buffer: Writable } | null | undefined)[];
    /** At once, before all that is in buffers. */
    sendBytes(bytes: Buffer): void;
  };
}

/**
 * Acknowledges one delivery each, all of a turn in one write: in amqplib each goes through a stream of its own, which costs
 * as much as all the rest of a consumer.
 */
export class AckFrames {
  readonly #channel: Channel;
  readonly #parts: Parts | undefined;
  #tags: number[] = [];
  #added = 0;
  #addedBefore = 0;
  /** What {@link AckFrames.recent} counts begins here. */
  #since = 0;
  /** Something is on its way that they must not overtake. */
  inOrder = false;

  constructor(channel: Channel) {
    this.#channel = channel;
    const parts = channel as unknown as Partial<Parts>;
    const { ch, connection } = parts;
    const known =
      typeof ch === 'number' &&
      Array.isArray(connection?.channels) &&
      typeof connection.sendBytes === 'function';
    this.#parts = known ? (parts as Parts) : undefined;
  }

  /** Leaves at the end of the turn. Where amqplib has other parts it leaves at once, and a closed channel throws. */
  add(deliveryTag: number): void {
    if (this.#parts === undefined) {
      this.addAtOnce(deliveryTag);
      return;
    }
    this.#tags.push(deliveryTag);
    if (this.#tags.length === 1) process.nextTick(this.flush);
  }

  /** @throws Error when the channel is closed, or its connection is being closed */
  addAtOnce(deliveryTag: number): void {
    this.#channel.ack({ fields: { deliveryTag } } as never);
    this.#count(1);
  }

  /** How many were added within the last two seconds, at least within one. */
  get recent(): number {
    this.#count(0);
    return this.#added + this.#addedBefore;
  }

  #count(added: number): void {
    const now = performance.now();
    if (now - this.#since > recentMs) {
      this.#addedBefore = now - this.#since > 2 * recentMs ? 0 : this.#added;
      this.#added = 0;
      this.#since = now;
    }
    this.#added += added;
  }

  /** What was added leaves now; on a channel that has closed it is forgotten. */
  readonly flush = (): void => {
    const tags = this.#tags;
    const parts = this.#parts;
    if (tags.length === 0 || parts === undefined) return;
    this.#tags = [];
    this.#count(tags.length);
    const buffer = parts.connection.channels[parts.ch]?.buffer;
    if (buffer?.writable !== true) return;
    const frames = Buffer.allocUnsafe(tags.length * frameBytes);
    let at = 0;
    for (const tag of tags) {
      at = frames.writeUInt8(methodFrame, at);
      at = frames.writeUInt16BE(parts.ch, at);
      at = frames.writeUInt32BE(payloadBytes, at);
      at = frames.writeUInt32BE(basicAck, at);
      at = frames.writeUInt32BE(Math.floor(tag / 2 ** 32), at);
      at = frames.writeUInt32BE(tag % 2 ** 32, at);
      at = frames.writeUInt8(0, at);
      at = frames.writeUInt8(frameEnd, at);
    }
    if (this.inOrder) buffer.write(frames);
    else parts.connection.sendBytes(frames);
  };

  /** The channel has closed: nothing may be sent on it any more. */
  forget(): void {
    this.#tags = [];
  }
}
