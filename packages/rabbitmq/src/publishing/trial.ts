import type { ConfirmChannel } from 'amqplib';
import { type TransportHost, asError } from '@busbar/core';
import { replyCodeOf, replyCodes } from '../connection/amqp-error.ts';
import type { Session } from '../connection/link.ts';
import type { Publication } from './publication.ts';
import type { Slot } from './slot.ts';
import { WaitingLine } from './waiting-line.ts';
import { writeTo } from './write-to.ts';

/** A destination that takes no longer than this was only waiting for another. */
const silentAfterMs = 2_000;
/**
 * After which the message is given up with its channel, and the next is tried on a new one: soon at first, for it may have
 * been lost with a queue that is there again; then seldom, for the broker may keep each channel.
 */
const firstProbeAgainMs = 5_000;
const lastProbeAgainMs = 60_000;
/** For how long it is known that a destination does not answer, after the last message to there. */
const knownForMs = 600_000;

export interface TrialListener {
  /** The destination answers; with what waited for that, the oldest first. */
  answers(released: readonly Slot[]): void;
  /** A probe has ended, but the destination has not answered. */
  goesOn(): void;
}

/**
 * A destination that has left confirms open for too long. It gets one message at a time, on a channel of its own, until it
 * confirms one.
 */
export class Trial {
  /** For people. */
  readonly name: string;
  #silent: boolean;
  readonly #waiting = new WaitingLine();
  readonly #host: TransportHost;
  readonly #listener: TrialListener;
  #channel: ConfirmChannel | undefined;
  #opening: Session | undefined;
  #openingSince = 0;
  /** In flight; it may be done, when nobody waits for its outcome any more. */
  #probe: Slot | undefined;
  /** When the last message was written. */
  #lastAt: number;
  /** Since when the broker may have it. */
  #heardAt: number;
  #over = false;
  #probeAgainMs = firstProbeAgainMs;

  constructor(
    publication: Publication,
    silent: boolean,
    host: TransportHost,
    listener: TrialListener,
  ) {
    this.name = nameOf(publication);
    this.#silent = silent;
    this.#host = host;
    this.#listener = listener;
    this.#lastAt = host.clock.monotonic();
    this.#heardAt = this.#lastAt;
  }

  /** It is known not to answer; otherwise it may only have waited for another. */
  get silent(): boolean {
    return this.#silent;
  }

  /** It was tried not long ago. */
  isKnown(now: number): boolean {
    return this.#silent && now - this.#lastAt < knownForMs;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get waitingBytes(): number {
    return this.#waiting.bytes;
  }

  /** How many have no outcome yet. */
  get unfinished(): number {
    return this.#waiting.length + (this.#probe?.done === false ? 1 : 0);
  }

  get isProbing(): boolean {
    return this.#probe !== undefined || this.#opening !== undefined;
  }

  /** The broker has not answered since then that it opens a channel for it; undefined while it owes no such answer. */
  get openingSince(): number | undefined {
    return this.#opening === undefined ? undefined : this.#openingSince;
  }

  get wantsProbe(): boolean {
    return this.#waiting.length > 0 && !this.isProbing;
  }

  append(slot: Slot): void {
    this.#waiting.append(slot);
  }

  /** Ends one for which there is no room. */
  refuse(slot: Slot): void {
    slot.unknown(`${this.#why} ${this.#waiting.length} messages wait for it already.`);
  }

  /** @param slots the oldest first */
  prepend(slots: readonly Slot[]): void {
    this.#waiting.prepend(slots);
  }

  /** Writes the oldest. */
  async probe(session: Session): Promise<void> {
    this.#lastAt = this.#host.clock.monotonic();
    this.#heardAt = this.#lastAt;
    if (this.#channel === undefined) {
      this.#opening = session;
      this.#openingSince = this.#lastAt;
      const channel = await this.#openChannel(session);
      // The session has ended meanwhile.
      if (this.#opening !== session) return;
      this.#opening = undefined;
      if (channel === undefined) return;
      this.#channel = channel;
      if (this.#over) this.#dropChannel();
    }
    const slot = this.#waiting.shift();
    if (slot !== undefined && this.#channel !== undefined) this.#write(this.#channel, slot);
  }

  /** Another channel has confirmed something of its. */
  answeredElsewhere(): void {
    if (this.#probe === undefined) this.#end();
  }

  /** What was in flight may be written again. */
  sessionEnded(): void {
    const probe = this.#probe;
    this.#channel = undefined;
    this.#opening = undefined;
    this.#probe = undefined;
    if (probe?.mayBeWrittenAgain() === true) this.#waiting.prepend([probe]);
  }

  /**
   * Ends what has waited for too long.
   *
   * @param heard Whether the broker may have got all that was written: it is not being sent still, nor held back.
   */
  look(now: number, seconds: number, heard: boolean): void {
    const overdue = this.#probe?.endIfOverdue(now, seconds, this.#why) === true;
    while (this.#waiting.first?.endIfOverdue(now, seconds, this.#why) === true) {
      this.#waiting.shift();
    }
    // Where nobody waits, the old message may still be confirmed, and end the trial.
    if (overdue && this.#waiting.length > 0 && now - this.#lastAt > this.#probeAgainMs) {
      this.#probeAgainMs = Math.min(lastProbeAgainMs, 2 * this.#probeAgainMs);
      this.#dropChannel();
    }
    if (!heard) this.#heardAt = now;
    if (this.#silent || this.#probe === undefined || now - this.#heardAt < silentAfterMs) return;
    this.#silent = true;
    this.#host.logger.warn({ destination: this.name }, this.#why.slice(0, -1));
  }

  /** Nothing is known of it, and nobody waits for it. */
  get isOver(): boolean {
    return !this.#silent && this.#waiting.length === 0 && !this.isProbing;
  }

  endAll(why: string): void {
    this.#probe?.unknown(why);
    for (const slot of this.#waiting.takeAll()) slot.unknown(why);
  }

  forget(): void {
    this.#over = true;
    this.#dropChannel();
  }

  get #why(): string {
    return `RabbitMQ confirms nothing of what is sent to ${this.name}.`;
  }

  async #openChannel({ connection }: Session): Promise<ConfirmChannel | undefined> {
    try {
      const channel = await connection.createConfirmChannel();
      let reason: Error | undefined;
      channel.on('error', (error) => {
        reason = error;
      });
      channel.on('return', ({ fields }) => this.#probe?.giveBack(fields as never));
      channel.on('close', () => this.#channelClosed(channel, reason));
      return channel;
    } catch {
      // The link tells when the session has ended; if it has not, the next look tries again.
      return undefined;
    }
  }

  #write(channel: ConfirmChannel, slot: Slot): void {
    try {
      writeTo(channel, slot.publication, (error) => {
        if (channel === this.#channel && this.#probe === slot) this.#confirmed(slot, error);
      });
      slot.writes += 1;
      this.#probe = slot;
    } catch (error) {
      if (slot.endIfNotEncodable(asError(error))) this.#listener.goesOn();
      else this.#waiting.prepend([slot]);
    }
  }

  #confirmed(slot: Slot, error: Error | null): void {
    if (error?.message === 'channel closed') return;
    this.#probe = undefined;
    if (error === null) {
      slot.confirmed();
      this.#end();
    } else {
      // The broker says so as well when the queue has not answered it for half a minute.
      slot.nacked();
      this.#listener.goesOn();
    }
  }

  #channelClosed(channel: ConfirmChannel, reason: Error | undefined): void {
    if (this.#channel !== channel) return;
    const code = replyCodeOf(reason);
    if (reason === undefined || code === undefined || code === replyCodes.connectionForced) {
      this.sessionEnded();
      return;
    }
    const probe = this.#probe;
    this.#channel = undefined;
    this.#probe = undefined;
    if (probe === undefined) return;
    probe.refused(reason, code);
    this.#end();
  }

  #end(): void {
    if (this.#over) return;
    if (this.#silent) {
      const text = `RabbitMQ confirms again what is sent to ${this.name}`;
      this.#host.logger.info({ destination: this.name }, text);
    }
    this.forget();
    this.#listener.answers(this.#waiting.takeAll());
  }

  #dropChannel(): void {
    const channel = this.#channel;
    this.#channel = undefined;
    this.#probe = undefined;
    channel?.close().catch(() => undefined);
  }
}

function nameOf({ exchange, routingKey }: Publication): string {
  return exchange === '' ? `the queue "${routingKey}"` : `the exchange "${exchange}"`;
}
