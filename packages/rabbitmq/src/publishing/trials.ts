import type { TransportHost } from '@busbar/core';
import type { Link } from '../connection/link.ts';
import type { RabbitMqSettings } from '../rabbitmq-options.ts';
import type { Publication } from './publication.ts';
import type { Slot } from './slot.ts';
import { Trial } from './trial.ts';

/** Those whose end is a matter of milliseconds, if they answer. */
const mostAtOnce = 8;
/** Those that do not answer keep a channel each, for a while. */
const mostSilent = 64;
const mostChannels = 256;
/** Of those that do not answer; beyond it the oldest are forgotten. */
const mostRemembered = 1_000;
/** That health and errors name. */
const mostNamed = 5;

/**
 * Destinations that may not answer, such as a quorum queue without a majority of its nodes. The broker reads no more from
 * a channel that sent some dozens of messages, or its first one, to such a queue; so what goes there stays away from the
 * channel of all others, who would wait with it.
 */
export class Trials {
  readonly #byTarget = new Map<string, Trial>();
  readonly #link: Link;
  readonly #host: TransportHost;
  readonly #settings: RabbitMqSettings;
  readonly #release: (slots: readonly Slot[]) => void;
  readonly #stopListening: () => void;

  /** @param release Takes what may be written on the channel of all others. */
  constructor(
    link: Link,
    host: TransportHost,
    settings: RabbitMqSettings,
    release: (slots: readonly Slot[]) => void,
  ) {
    this.#link = link;
    this.#host = host;
    this.#settings = settings;
    this.#release = release;
    this.#stopListening = link.listen({
      up: () => this.probe(),
      down: () => {
        for (const trial of this.#byTarget.values()) trial.sessionEnded();
      },
    });
  }

  get size(): number {
    return this.#byTarget.size;
  }

  /** How many messages have no outcome yet. */
  get unfinished(): number {
    let sum = 0;
    for (const trial of this.#byTarget.values()) sum += trial.unfinished;
    return sum;
  }

  /** Since when the broker has not answered that it opens a channel for one of them: it reads nothing of the connection. */
  get openingSince(): number {
    const since = [...this.#byTarget.values()].map((trial) => trial.openingSince ?? Infinity);
    return Math.min(Infinity, ...since);
  }

  /** What health says of them. */
  get problem(): string | undefined {
    const now = this.#host.clock.monotonic();
    const known = [...this.#byTarget.values()].filter((trial) => trial.isKnown(now));
    if (known.length === 0) return undefined;
    const names = known.slice(0, mostNamed).map(({ name }) => name);
    const more = known.length > mostNamed ? ` and ${known.length - mostNamed} more` : '';
    return `RabbitMQ confirms nothing of what is sent to ${names.join(', ')}${more}.`;
  }

  has({ publication }: Slot): boolean {
    return this.#byTarget.has(targetOf(publication));
  }

  /** @param silent Others on its channel were confirmed meanwhile. */
  begin({ publication }: Slot, silent: boolean): void {
    const target = targetOf(publication);
    if (this.#byTarget.has(target)) return;
    const trial = new Trial(publication, silent, this.#host, {
      answers: (released) => {
        this.#byTarget.delete(target);
        this.#release(released);
        this.probe();
      },
      goesOn: () => this.probe(),
    });
    this.#byTarget.set(target, trial);
    if (this.#byTarget.size > mostRemembered) {
      let idle = this.#byTarget.size - mostRemembered;
      this.#forgetThose((each) => each !== trial && each.unfinished === 0 && (idle -= 1) >= 0);
    }
  }

  /** Takes a new slot whose destination is on trial; returns false for all others. */
  takes(slot: Slot): boolean {
    const trial = this.#byTarget.get(targetOf(slot.publication));
    if (trial === undefined) return false;
    if (this.#hasRoom) trial.append(slot);
    else trial.refuse(slot);
    this.probe();
    return true;
  }

  /** Takes what is to be written (again), the oldest first; returns those whose destinations are not on trial. */
  sort(slots: readonly Slot[]): readonly Slot[] {
    if (this.#byTarget.size === 0) return slots;
    const others: Slot[] = [];
    const own = new Map<Trial, Slot[]>();
    for (const slot of slots) {
      const trial = this.#byTarget.get(targetOf(slot.publication));
      if (trial === undefined) {
        others.push(slot);
        continue;
      }
      const its = own.get(trial);
      if (its === undefined) own.set(trial, [slot]);
      else its.push(slot);
    }
    for (const [trial, its] of own) trial.prepend(its);
    return others;
  }

  /** Writes what may be written. */
  probe(): void {
    const { session, blockedBecause } = this.#link;
    if (session === undefined || blockedBecause !== undefined) return;
    let hopeful = 0;
    let silent = 0;
    for (const trial of this.#byTarget.values()) {
      if (!trial.isProbing) continue;
      if (trial.silent) silent += 1;
      else hopeful += 1;
    }
    for (const [target, trial] of Array.from(this.#byTarget)) {
      if (!trial.wantsProbe || silent + hopeful >= mostChannels) continue;
      if (trial.silent ? silent >= mostSilent : hopeful >= mostAtOnce) continue;
      if (trial.silent) silent += 1;
      else hopeful += 1;
      // Behind all others, so that each has its turn.
      this.#byTarget.delete(target);
      this.#byTarget.set(target, trial);
      void trial.probe(session);
    }
  }

  /** The channel of all others has a confirm of a message to there. */
  answered({ publication }: Slot): void {
    this.#byTarget.get(targetOf(publication))?.answeredElsewhere();
  }

  /** The channel of all others has closed: what was in flight there tells nothing any more. */
  channelClosed(): void {
    this.#forgetThose((trial) => trial.isOver);
  }

  /**
   * Ends what has waited for too long.
   *
   * @param heard Whether the broker may have got all that was written.
   */
  look(now: number, seconds: number, heard: boolean): void {
    for (const trial of this.#byTarget.values()) trial.look(now, seconds, heard);
    this.#forgetThose((trial) => trial.isOver);
    this.probe();
  }

  /** What has no outcome yet ends. */
  close(why: string): void {
    this.#stopListening();
    for (const trial of this.#byTarget.values()) trial.endAll(why);
    this.#forgetThose(() => true);
  }

  /** For all of them together, what may wait for a broker that is away. */
  get #hasRoom(): boolean {
    let messages = 0;
    let bytes = 0;
    for (const trial of this.#byTarget.values()) {
      messages += trial.waiting;
      bytes += trial.waitingBytes;
    }
    const { maxBufferedMessages, maxBufferedBytes } = this.#settings;
    return messages < maxBufferedMessages && bytes < maxBufferedBytes;
  }

  #forgetThose(isOver: (trial: Trial) => boolean): void {
    for (const [target, trial] of this.#byTarget) {
      if (!isOver(trial)) continue;
      this.#byTarget.delete(target);
      trial.forget();
    }
  }
}

/** Different keys of one exchange lead to the same first queue: an event's, or those of one delay. */
function targetOf({ exchange, routingKey }: Publication): string {
  return exchange === '' ? routingKey : `${exchange}\0`;
}
