import { Buffer } from 'node:buffer';
import {
  type AnyEndpoint,
  type Headers,
  type Observation,
  type Receiver,
  type TransportConnection,
  createEndpoint,
  headerNames,
  pause,
  silentLogger,
  systemClock,
} from '@busbar/core';
import type { BadInputBroker, BadInputTarget } from './bad-input-target.ts';
import type { InputCase } from './input-case.ts';
import { type Handled, handlersFor, trackingHeader, unhandledTypes } from './messages.ts';
import { answersQueue } from './oracle.ts';
import type { Variant } from './variants.ts';

export const intakeQueue = 'intake';
const concurrency = 16;
const mostLooks = 30;
const lookEveryMs = 500;
/** Between the places of a message in what was sent and in what has ended. */
export const mostPlacesApart = 4 * concurrency;

/** A message as it came out of the error queue. */
export interface ErrorCopy {
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** What became of a case. */
export interface Outcome {
  /** As it was written. */
  readonly input: InputCase;
  readonly nativeId: string | undefined;
  readonly handled: Handled[];
  readonly ends: (
    | 'handled'
    | 'expired'
    | 'deduplicated'
    | 'moved-to-error'
    | 'discarded'
    | 'dead-lettered'
  )[];
  readonly errors: ErrorCopy[];
  /** Its place among those that have ended since the last batch. */
  place: number;
}

/** One endpoint through which all cases go, and somebody who empties its error queue. */
export class Intake implements AsyncDisposable {
  readonly critical: Error[] = [];
  readonly #broker: BadInputBroker;
  readonly #variant: Variant;
  readonly #connection: TransportConnection;
  readonly #endpoint: AnyEndpoint;
  readonly #collectors: Receiver[] = [];
  readonly #byTrackingId = new Map<string, Outcome>();
  readonly #byNativeId = new Map<string, Outcome>();
  #untracked: readonly Outcome[] = [];
  /** Copies that nobody knows: of what is just being put, or too many. */
  readonly #early: ErrorCopy[] = [];
  readonly #strays: Headers[] = [];
  #number = 0;
  #ended = 0;
  #open = 0;
  #allEnded: (() => void) | undefined;

  private constructor(
    broker: BadInputBroker,
    variant: Variant,
    connection: TransportConnection,
    options: Awaited<ReturnType<Variant['options']>>,
  ) {
    this.#broker = broker;
    this.#variant = variant;
    this.#connection = connection;
    this.#endpoint = createEndpoint(intakeQueue, {
      transport: broker.transport,
      handlers: handlersFor((id, handled) => this.#byTrackingId.get(id)?.handled.push(handled)),
      messages: unhandledTypes,
      concurrency,
      logger: silentLogger,
      onCriticalError: (error) => this.critical.push(error),
      observers: [{ observe: (observation) => this.#observe(observation) }],
      ...options,
    });
  }

  static async start(target: BadInputTarget, variant: Variant): Promise<Intake> {
    const broker = await target.open();
    const connection = await broker.transport.connect({
      endpoint: 'collector',
      instance: 'collector',
      clock: systemClock,
      logger: silentLogger,
      onCritical: () => {},
    });
    await connection.queues.provision([{ name: answersQueue }]);
    const intake = new Intake(broker, variant, connection, await variant.options());
    await intake.#endpoint.start();
    await intake.#collectFrom('error', (delivery) => intake.#collect(delivery));
    if (broker.deadLetters !== undefined) {
      await intake.#collectFrom(broker.deadLetters, ({ headers }) => {
        const trackingId = headers[trackingHeader];
        if (trackingId !== undefined) intake.#end(trackingId, 'dead-lettered');
      });
    }
    return intake;
  }

  get variant(): Variant {
    return this.#variant;
  }

  /** Puts the cases in and waits until each of them has ended, at most `limitMs`. */
  async run(cases: readonly InputCase[], limitMs: number): Promise<readonly Outcome[]> {
    const outcomes = cases.map((input) => this.#track(input));
    this.#ended = 0;
    this.#open = outcomes.length;
    const ended = new Promise<void>((resolve) => {
      this.#allEnded = resolve;
    });
    const nativeIds = await this.#broker.put(
      intakeQueue,
      outcomes.map(({ input }) => input),
    );
    for (const [index, nativeId] of nativeIds.entries()) {
      const outcome = outcomes[index]!;
      if (nativeId === undefined) continue;
      Object.assign(outcome, { nativeId });
      this.#byNativeId.set(nativeId, outcome);
    }
    this.#untracked = outcomes.filter(
      ({ input, nativeId }) => input.bare && nativeId === undefined,
    );
    for (const copy of this.#early.splice(0)) this.#collect(copy);
    await within(limitMs, ended);
    this.#byTrackingId.clear();
    this.#byNativeId.clear();
    this.#untracked = [];
    return outcomes;
  }

  /** Ends the endpoint, and tells what is not as it should be once all is over. */
  async problems(): Promise<readonly string[]> {
    const health = this.#endpoint.health();
    const problems = this.critical.map((error) => `critical: ${error.message}`);
    if (health.status !== 'healthy') problems.push(`the endpoint is ${health.status}`);
    const strays = [...this.#strays, ...this.#early.map(({ headers }) => headers)];
    problems.push(...strays.map((headers) => `ended again: ${JSON.stringify(headers)}`));
    // What ended last may not be settled yet.
    await this.#stop();
    return [...problems, ...(await this.#leftovers())];
  }

  /** What is in the queues, for people. */
  async counts(): Promise<string> {
    const queues = await this.#connection.queues.list();
    return queues
      .map((each) => `${each.name} ${each.ready}+${each.delayed}+${each.inFlight}`)
      .join(', ');
  }

  /** Some brokers' numbers are some seconds old. */
  async #leftovers(): Promise<readonly string[]> {
    for (let look = 1; ; look += 1) {
      const queues = await this.#connection.queues.list();
      const filled = queues.filter(
        ({ name, ready, delayed, inFlight }) =>
          name !== answersQueue && ready + delayed + inFlight > 0,
      );
      if (filled.length === 0) return [];
      if (look === mostLooks) return filled.map(({ name }) => `queue ${name} is not empty`);
      await pause(systemClock, lookEveryMs);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await this.#connection.close();
    await this.#broker.close();
  }

  async #stop(): Promise<void> {
    await this.#endpoint.stop();
    // Removing a copy of 64 MiB from a file takes seconds on a busy disk; given up half-way it would count as left.
    await Promise.all(this.#collectors.map((each) => each.stop(AbortSignal.timeout(30_000))));
  }

  async #collectFrom(from: string, collect: (copy: ErrorCopy) => void): Promise<void> {
    const collector = this.#connection.createReceiver({
      queue: from,
      concurrency,
      suspicionAfter: 1_000,
      ordered: false,
    });
    this.#collectors.push(collector);
    await collector.start(
      async ({ delivery }) => {
        collect(delivery);
        return 'settle';
      },
      // What others wrote may say that it killed processes.
      async ({ delivery }) => {
        collect(delivery);
        return { action: 'settle' };
      },
    );
  }

  #track(input: InputCase): Outcome {
    this.#number += 1;
    const id = `case-${this.#number}`;
    const messageId = input.headers[headerNames.messageId] ?? '';
    const headers: Record<string, string> = input.bare
      ? input.headers
      : {
          ...input.headers,
          // With an outbox two messages of one id are one message.
          ...(messageId !== '' && { [headerNames.messageId]: `${messageId} of ${id}` }),
          [trackingHeader]: id,
        };
    const outcome: Outcome = {
      input: { ...input, headers },
      nativeId: undefined,
      handled: [],
      ends: [],
      errors: [],
      place: -1,
    };
    this.#byTrackingId.set(id, outcome);
    return outcome;
  }

  #find({ headers, body }: ErrorCopy): Outcome | undefined {
    return (
      this.#byTrackingId.get(headers[trackingHeader] ?? '') ??
      this.#byNativeId.get(headers[headerNames.messageId] ?? '') ??
      // Where the broker has no ids, one without anything is as good as another of the same bytes.
      this.#untracked.find(
        ({ input, errors }) => errors.length === 0 && Buffer.compare(input.body, body) === 0,
      )
    );
  }

  #observe(observation: Observation): void {
    const { kind } = observation;
    if (
      kind !== 'handled' &&
      kind !== 'expired' &&
      kind !== 'deduplicated' &&
      kind !== 'moved-to-error' &&
      kind !== 'discarded'
    ) {
      return;
    }
    const place = this.#ended;
    this.#ended += 1;
    const trackingId = observation.headers[trackingHeader];
    if (trackingId === undefined) return;
    this.#end(trackingId, kind, place);
  }

  #end(trackingId: string, kind: Outcome['ends'][number], place = -1): void {
    const outcome = this.#byTrackingId.get(trackingId);
    if (outcome === undefined) {
      this.#strays.push({ [trackingHeader]: trackingId });
      return;
    }
    outcome.ends.push(kind);
    outcome.place = place;
    this.#endIfOver(outcome);
  }

  #collect({ headers, body }: ErrorCopy): void {
    const outcome = this.#find({ headers, body });
    if (outcome === undefined) {
      this.#early.push({ headers, body });
      return;
    }
    // The observer sees nothing to track an unreadable message by.
    if (headers[trackingHeader] === undefined) outcome.ends.push('moved-to-error');
    outcome.errors.push({ headers: { ...headers }, body });
    this.#endIfOver(outcome);
  }

  /** A copy may be here before the observer knows that it was sent. */
  #endIfOver({ ends, errors }: Outcome): void {
    const copies = ends[0] === 'moved-to-error' ? 1 : 0;
    if (ends.length !== 1 || errors.length !== copies) return;
    this.#open -= 1;
    if (this.#open === 0) this.#allEnded?.();
  }
}

async function within(limitMs: number, ended: Promise<void>): Promise<void> {
  const limit = AbortSignal.timeout(limitMs);
  // What is missing then shows in the outcomes.
  await Promise.race([
    ended,
    new Promise<void>((resolve) => limit.addEventListener('abort', () => resolve())),
  ]);
}
