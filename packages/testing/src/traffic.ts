import { type AnyEndpoint, type Clock, type MemoryBroker, headerNames } from '@busbar/core';
import type { HarnessConnection } from './harness-connection.ts';
import type { MessageSpy, RunningAttempt } from './message-spy.ts';
import { Poll, pollUntil } from './real-time.ts';
import { VirtualClock } from './virtual-clock.ts';

/** What {@link Traffic} watches. */
export interface TrafficOptions {
  /** Undefined where another transport carries the messages. */
  readonly broker: MemoryBroker | undefined;
  readonly connection: HarnessConnection;
  readonly endpoints: readonly AnyEndpoint[];
  readonly spy: MessageSpy;
  readonly clock: Clock;
  readonly limitMs: number;
}

/** Turns of the event loop without any change after which nothing but the clock can make one. */
const quietTurns = 4;
/** Real milliseconds that an advance gives to a handler that neither ends nor sends, for its I/O. */
const patienceMs = 50;

/** Knows when the endpoints of a harness have come to rest, and moves the clock no sooner. */
export class Traffic {
  readonly #options: TrafficOptions;

  constructor(options: TrafficOptions) {
    this.#options = options;
  }

  async settled(): Promise<void> {
    let calm = 0;
    const rested = async (): Promise<boolean> => {
      calm = (await this.#idle()) ? calm + 1 : 0;
      return calm > quietTurns;
    };
    await pollUntil(rested, this.#options.limitMs, () => this.explain('waited to settle'));
  }

  async advance(ms: number): Promise<void> {
    const clock = this.#virtualClock();
    const poll = new Poll();
    const end = clock.monotonic() + ms;
    await this.#quiet();
    for (;;) {
      const left = end - clock.monotonic();
      const next = clock.nextTimerInMs;
      if (next === undefined || next > left) {
        clock.advance(left);
        await this.#quiet();
        // What settled may have set a timer that is due at this very moment.
        if ((clock.nextTimerInMs ?? Infinity) > 0) return;
      } else {
        clock.advance(next);
        await this.#quiet();
      }
      if (poll.elapsedMs > this.#options.limitMs) {
        throw new Error(await this.explain(`advanced by ${ms} ms and came to ${ms - left} ms`));
      }
      await poll.next();
    }
  }

  async stopAll(): Promise<void> {
    let open = true;
    const stopping = Promise.all(this.#options.endpoints.map((endpoint) => endpoint.stop()));
    const ended = stopping.finally(() => {
      open = false;
    });
    ended.catch(() => {});
    const stopped = async (): Promise<boolean> => {
      await this.#passDeadlines();
      return !open;
    };
    await pollUntil(stopped, this.#options.limitMs, () => this.explain('waited to stop'));
    await ended;
  }

  /** Says what was waited for, and all that could be the reason why it did not come. */
  async explain(waited: string): Promise<string> {
    const { spy, clock, limitMs } = this.#options;
    const lines = [
      `The harness ${waited} for ${limitMs} ms of real time.`,
      ...[...spy.running].map((attempt) => `In a handler: ${describe(attempt)}.`),
      ...(await this.#queues()),
    ];
    const next = clock instanceof VirtualClock ? clock.nextTimerInMs : undefined;
    if (next !== undefined) {
      lines.push(
        `The next timer of the clock is due in ${next} ms: \`await harness.advance(${next})\`.`,
      );
    }
    return lines.join('\n');
  }

  /** Waits until nothing goes on any more without the clock; what hangs for another reason is left. */
  async #quiet(): Promise<void> {
    const { spy, broker } = this.#options;
    const poll = new Poll();
    let last = spy.progress;
    let unchanged = 0;
    let since = 0;
    while (unchanged < quietTurns || this.#waitsForIo(poll.elapsedMs - since)) {
      await poll.next();
      const { progress } = spy;
      if (progress === last) {
        unchanged += 1;
      } else {
        last = progress;
        unchanged = 0;
        since = poll.elapsedMs;
      }
      if (broker?.idle === true && unchanged >= quietTurns) return;
    }
  }

  #waitsForIo(unchangedMs: number): boolean {
    return this.#options.spy.running.size > 0 && unchangedMs < patienceMs;
  }

  async #passDeadlines(): Promise<void> {
    const { clock } = this.#options;
    if (!(clock instanceof VirtualClock)) return;
    await this.#quiet();
    const next = clock.nextTimerInMs;
    const stopping = this.#options.endpoints.some((endpoint) => endpoint.state === 'stopping');
    if (stopping && next !== undefined) clock.advance(next);
  }

  async #idle(): Promise<boolean> {
    const { broker, connection } = this.#options;
    if (broker !== undefined) return broker.idle;
    const received = new Set(this.#receivedQueues());
    const queues = await (await connection.open()).queues.list();
    return queues.every(
      ({ name, ready, inFlight }) => inFlight === 0 && (ready === 0 || !received.has(name)),
    );
  }

  #receivedQueues(): readonly string[] {
    return this.#options.endpoints.flatMap((endpoint) =>
      endpoint.health().receivers.map((receiver) => receiver.queue),
    );
  }

  async #queues(): Promise<readonly string[]> {
    const { connection, endpoints } = this.#options;
    const queues = await (await connection.open()).queues.list();
    const busy = queues
      .filter(({ ready, inFlight }) => ready + inFlight > 0)
      .map(
        ({ name, ready, inFlight }) => `Queue "${name}": ${inFlight} in flight, ${ready} ready.`,
      );
    const backingOff = endpoints.flatMap((endpoint) =>
      endpoint
        .health()
        .receivers.flatMap(({ queue, paused }) =>
          paused === undefined ? [] : [`Queue "${queue}" is not received at the moment: ${paused}`],
        ),
    );
    return [...busy, ...backingOff];
  }

  #virtualClock(): VirtualClock {
    const { clock } = this.#options;
    if (clock instanceof VirtualClock) return clock;
    throw new Error(
      'This harness was made with another clock than a VirtualClock, so its time passes by itself and cannot be advanced.',
    );
  }
}

function describe({ endpoint, headers, message }: RunningAttempt): string {
  const type = (headers[headerNames.enclosedTypes] ?? 'a message').split(';', 1)[0] as string;
  const where = message === undefined ? 'before its handlers' : 'in its handlers or after them';
  return `${type} ${headers[headerNames.messageId] ?? ''} at endpoint "${endpoint}", ${where}`;
}
