import type { ConfirmChannel, Message } from 'amqplib';
import {
  BusbarError,
  type DispatchResult,
  type Timer,
  type TransportHost,
  asError,
  pause,
} from '@busbar/core';
import { replyCodeOf, replyCodes } from '../connection/amqp-error.ts';
import type { Link, Session } from '../connection/link.ts';
import { unsentBytes } from '../connection/open-connection.ts';
import type { RabbitMqSettings } from '../rabbitmq-options.ts';
import { Outstanding } from './outstanding.ts';
import type { Publication } from './publication.ts';
import { type Outcome, type ReturnFields, Slot } from './slot.ts';
import { Trials } from './trials.ts';
import { WaitingLine } from './waiting-line.ts';
import { writeTo } from './write-to.ts';

/** Confirms that may be outstanding: more brings nothing, and all of them are repeated after an outage. */
const mostOutstanding = 1_024;
const mostOutstandingBytes = 16 * 1_024 * 1_024;
/** For how long a confirm may be open before its destination is suspected not to answer; less with a short timeout. */
const slowMs = 10_000;

const closedBefore = 'the connection was closed before RabbitMQ had confirmed it';

/** What became of one publication. */
export type Published = DispatchResult & {
  /** The broker has said no, and would again; it is not stored. */
  readonly refused?: boolean;
};

/**
 * Publishes on one confirm channel with many confirms outstanding. After an outage it writes again what was not
 * confirmed, with the same ids; what the broker refused it never writes again. When the broker closes the channel over a
 * message, those in flight are written one by one, so that the guilty one fails alone. When a destination does not
 * answer, it waits alone, too.
 */
export class Publisher {
  readonly #link: Link;
  readonly #settings: RabbitMqSettings;
  readonly #host: TransportHost;
  readonly #waiting = new WaitingLine();
  readonly #trials: Trials;
  /** Written and not confirmed, the oldest first. */
  readonly #outstanding = new Outstanding();
  /** Were in flight when the broker closed the channel over one of them; the oldest first. */
  #suspects: Slot[] = [];
  /** A suspect that is in flight, alone. */
  #probed: Slot | undefined;
  #channel: ConfirmChannel | undefined;
  #outstandingBytes = 0;
  /** Whether the broker has answered since `#answeredAt` was last set. */
  #answered = false;
  #answeredAt = 0;
  /** At the last look. */
  #unsentBytes = 0;
  #openings = 0;
  #sweep: Timer | undefined;
  #closed = false;
  #idleWaiters: (() => void)[] = [];
  readonly #stopListening: () => void;

  constructor(link: Link, settings: RabbitMqSettings, host: TransportHost) {
    this.#link = link;
    this.#settings = settings;
    this.#host = host;
    this.#trials = new Trials(link, host, settings, (released) => {
      this.#waiting.prepend(released);
      this.#goOn();
    });
    this.#stopListening = link.listen({
      up: (session) => void this.#openChannel(session),
      blocked: (reason) => {
        if (reason !== undefined) return;
        this.#writeMore();
        this.#trials.probe();
      },
    });
  }

  /** Resolves with what became of it; rejects only when it was never tried. */
  publish(publication: Publication): Promise<Published> {
    return new Promise((resolve, reject) => {
      this.submit(publication, ({ result, untried = false, refused = false }) => {
        if (untried && result.outcome === 'unknown') reject(unavailable(result.reason));
        else resolve(refused ? { ...result, refused } : result);
      });
    });
  }

  /** Calls `end` once, at the latest after the confirm timeout. */
  submit(publication: Publication, end: (outcome: Outcome) => void): void {
    const { confirmTimeoutMs } = this.#settings;
    const deadline = this.#host.clock.monotonic() + confirmTimeoutMs;
    const slot = new Slot(publication, deadline, end);
    if (this.#closed) {
      slot.unknown('the connection is closed');
      return;
    }
    this.#watchDeadlines();
    if (this.#trials.size > 0 && this.#trials.takes(slot)) return;
    if (this.#mayWrite && this.#waiting.length === 0) {
      this.#write(slot);
      return;
    }
    const problem = this.#whyNotSending;
    if (problem !== undefined && this.#isFull) {
      slot.unknown(`${problem} ${this.#waiting.length} messages wait for it already.`);
      return;
    }
    this.#waiting.append(slot);
  }

  /** Takes nothing more, and waits until the outcome of all that was accepted is known, or not for longer than `waitMs`. */
  async close(waitMs: number): Promise<void> {
    this.#closed = true;
    if (this.#unfinished > 0) {
      const ended = new AbortController();
      const idle = new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
      await Promise.race([idle, pause(this.#host.clock, waitMs, ended.signal)]);
      ended.abort();
    }
    this.#stopListening();
    this.#sweep?.cancel();
    const left = [...this.#outstanding.all(), ...this.#suspects, ...this.#waiting.takeAll()];
    for (const slot of left) slot.unknown(closedBefore);
    this.#trials.close(closedBefore);
  }

  /** What health says of destinations that do not answer. */
  get problem(): string | undefined {
    return this.#trials.problem;
  }

  get #unfinished(): number {
    const onMainChannel = this.#waiting.length + this.#outstanding.size + this.#suspects.length;
    return onMainChannel + this.#trials.unfinished;
  }

  get #mayWrite(): boolean {
    return (
      this.#channel !== undefined &&
      this.#link.blockedBecause === undefined &&
      this.#suspects.length === 0 &&
      this.#probed === undefined &&
      this.#outstanding.size < mostOutstanding &&
      this.#outstandingBytes < mostOutstandingBytes
    );
  }

  get #whyNotSending(): string | undefined {
    const { blockedBecause, problem } = this.#link;
    if (blockedBecause !== undefined) return `RabbitMQ takes no messages (${blockedBecause}).`;
    return problem === undefined ? undefined : `RabbitMQ is away. ${problem}`;
  }

  get #isFull(): boolean {
    const { maxBufferedMessages, maxBufferedBytes } = this.#settings;
    return this.#waiting.length >= maxBufferedMessages || this.#waiting.bytes >= maxBufferedBytes;
  }

  #writeMore(): void {
    if (this.#channel === undefined || this.#link.blockedBecause !== undefined) return;
    if (this.#suspects.length > 0) {
      // One at a time: when the channel is closed again, it is known over which.
      if (this.#outstanding.size > 0) return;
      this.#probed = this.#suspects.shift() as Slot;
      if (!this.#write(this.#probed)) this.#probed = undefined;
      return;
    }
    while (this.#mayWrite) {
      const slot = this.#waiting.shift();
      if (slot === undefined || !this.#write(slot)) return;
    }
  }

  /** Returns false when it was not written. */
  #write(slot: Slot): boolean {
    const channel = this.#channel as ConfirmChannel;
    try {
      writeTo(channel, slot.publication, (error) => {
        this.#confirmed(slot, error);
      });
    } catch (error) {
      this.#notWritten(slot, asError(error));
      return false;
    }
    slot.writes += 1;
    slot.writtenAt = this.#host.clock.monotonic();
    this.#outstanding.add(slot);
    this.#outstandingBytes += slot.bytes;
    return true;
  }

  /** The channel has closed meanwhile, or the client cannot encode the message: then it never can. */
  #notWritten(slot: Slot, error: Error): void {
    if (slot.endIfNotEncodable(error)) queueMicrotask(this.#goOn);
    else this.#waiting.prepend(this.#trials.sort([slot]));
  }

  readonly #goOn = (): void => {
    this.#writeMore();
    this.#wakeIfIdle();
  };

  #confirmed(slot: Slot, error: Error | null): void {
    // All that is in flight when a channel closes is seen to when it has.
    if (error?.message === 'channel closed') return;
    this.#answered = true;
    this.#forget(slot);
    if (error === null) slot.confirmed();
    else slot.nacked();
    if (this.#trials.size > 0 && error === null) this.#trials.answered(slot);
    if (this.#waiting.length > 0 || this.#suspects.length > 0) this.#writeMore();
    this.#wakeIfIdle();
  }

  #forget(slot: Slot): void {
    if (this.#probed === slot) this.#probed = undefined;
    if (this.#outstanding.delete(slot)) this.#outstandingBytes -= slot.bytes;
  }

  async #openChannel(session: Session): Promise<void> {
    this.#openings += 1;
    const opening = this.#openings;
    try {
      const channel = await session.connection.createConfirmChannel();
      let reason: Error | undefined;
      channel.on('error', (error) => {
        reason = error;
      });
      channel.on('return', (message) => this.#returned(message));
      channel.on('close', () => this.#channelClosed(session, channel, reason));
      this.#channel = channel;
    } catch (error) {
      if (this.#link.session !== session) return;
      this.#host.logger.warn({ err: error }, 'No channel to publish on could be opened');
      await pause(this.#host.clock, 1_000);
      if (this.#link.session === session && opening === this.#openings) {
        void this.#openChannel(session);
      }
      return;
    }
    this.#goOn();
  }

  /** Comes before the confirmation of the same message, and in the order in which messages were written. */
  #returned({ fields, properties, content }: Message): void {
    const { exchange, routingKey } = fields;
    const slot = this.#outstanding.find(
      ({ publication, returned }) =>
        returned === undefined &&
        publication.routingKey === routingKey &&
        publication.exchange === exchange &&
        publication.options.messageId === (properties.messageId as string | undefined) &&
        publication.content.equals(content),
    );
    slot?.giveBack(fields as unknown as ReturnFields);
  }

  #channelClosed(session: Session, channel: ConfirmChannel, reason: Error | undefined): void {
    if (this.#channel !== channel) return;
    this.#channel = undefined;
    const inFlight = this.#outstanding.takeAll();
    this.#outstandingBytes = 0;
    this.#probed = undefined;
    const code = replyCodeOf(reason);
    if (reason !== undefined && code !== undefined && code !== replyCodes.connectionForced) {
      this.#host.logger.warn({ err: reason }, 'RabbitMQ closed the channel over a message');
      this.#judge(inFlight, reason, code);
    } else {
      this.#waiting.prepend(this.#trials.sort([...inFlight, ...this.#suspects].filter(writeAgain)));
      this.#suspects = [];
    }
    this.#trials.channelClosed();
    this.#wakeIfIdle();
    if (this.#link.session === session) void this.#openChannel(session);
  }

  #judge(inFlight: readonly Slot[], reason: Error, code: number): void {
    const [guilty] = inFlight;
    if (guilty !== undefined && inFlight.length === 1) {
      guilty.refused(reason, code);
    } else {
      this.#suspects.unshift(...this.#trials.sort(inFlight.filter(writeAgain)));
    }
  }

  /** A timer for each message would cost more than the message. */
  #watchDeadlines(): void {
    if (this.#sweep !== undefined) return;
    const everyMs = Math.min(1_000, this.#settings.confirmTimeoutMs / 4);
    this.#sweep = this.#host.clock.setTimer(
      () => {
        this.#sweep = undefined;
        this.#endOverdue();
        this.#lookForSilence();
        if (this.#unfinished > 0 || this.#trials.size > 0) this.#watchDeadlines();
        this.#wakeIfIdle();
      },
      everyMs,
      true,
    );
  }

  #endOverdue(): void {
    const now = this.#host.clock.monotonic();
    const seconds = this.#settings.confirmTimeoutMs / 1_000;
    for (const slot of this.#outstanding.all()) {
      // Those that were written again are not in the order of their deadlines.
      if (slot.deadline > now) continue;
      this.#forget(slot);
      slot.unknown(`RabbitMQ did not confirm it within ${seconds} s`);
    }
    const why = this.#whyNotSending ?? 'Others are sent before it.';
    this.#suspects = this.#suspects.filter((slot) => !slot.endIfOverdue(now, seconds, why));
    while (this.#waiting.first !== undefined) {
      if (!this.#waiting.first.endIfOverdue(now, seconds, why)) break;
      this.#waiting.shift();
    }
    this.#writeMore();
  }

  /**
   * A channel over which others are confirmed carries one destination that does not answer. One that says nothing at all
   * is held up by a destination, and there is no telling by which: each has to show that it answers.
   */
  #lookForSilence(): void {
    const now = this.#host.clock.monotonic();
    const { session, blockedBecause } = this.#link;
    const heard = blockedBecause === undefined && !this.#isSending(session);
    this.#trials.look(now, this.#settings.confirmTimeoutMs / 1_000, heard);
    if (this.#answered || this.#outstanding.size === 0 || !heard) this.#answeredAt = now;
    this.#answered = false;
    const channel = this.#channel;
    if (session === undefined || channel === undefined || !heard) return;
    const tooLongMs = Math.min(slowMs, this.#settings.confirmTimeoutMs / 3);
    const readsNoMore = now - this.#trials.openingSince >= tooLongMs;
    const isSilent = readsNoMore || now - this.#answeredAt >= tooLongMs;
    for (const slot of this.#outstanding.all()) {
      if (now - slot.writtenAt < tooLongMs) break;
      if (this.#trials.has(slot)) continue;
      if (isSilent) {
        this.#startAnew(session, channel, tooLongMs);
        return;
      }
      this.#try([slot], true);
    }
    // Those who are tried elsewhere leave no room for others.
    const isFull = isSilent && this.#waiting.length > 0;
    if (isFull || readsNoMore) this.#startAnew(session, channel, tooLongMs);
  }

  #startAnew(session: Session, channel: ConfirmChannel, afterMs: number): void {
    this.#try(this.#outstanding.all(), false);
    const why = `RabbitMQ has confirmed nothing for ${Math.round(afterMs / 1_000)} s`;
    this.#link.restart(session, new Error(why));
    this.#channelClosed(session, channel, undefined);
  }

  /** A large body may take its time on a slow network. */
  #isSending(session: Session | undefined): boolean {
    const before = this.#unsentBytes;
    this.#unsentBytes = session === undefined ? 0 : unsentBytes(session.connection);
    return this.#unsentBytes > 0 && this.#unsentBytes < before;
  }

  /** Each of their destinations gets one message at a time, until it answers. */
  #try(slots: Iterable<Slot>, silent: boolean): void {
    for (const slot of slots) this.#trials.begin(slot, silent);
    this.#waiting.prepend(this.#trials.sort(this.#waiting.takeAll()));
    this.#suspects = [...this.#trials.sort(this.#suspects)];
  }

  #wakeIfIdle(): void {
    if (this.#idleWaiters.length === 0 || this.#unfinished > 0) return;
    for (const wake of this.#idleWaiters.splice(0)) wake();
  }
}

const writeAgain = (slot: Slot): boolean => slot.mayBeWrittenAgain();

/** The rejection of what was never tried. */
export function unavailable(reason: string): BusbarError {
  return new BusbarError('TRANSPORT_UNAVAILABLE', `Nothing was sent: ${reason}`);
}
