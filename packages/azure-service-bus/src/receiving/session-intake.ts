import type { ServiceBusClient, ServiceBusSessionReceiver } from '@azure/service-bus';
import { type Clock, asError, pause } from '@busbar/core';
import { receiverOptions } from '../connection/clients.ts';
import type { Holdings } from './holdings.ts';
import type { Intake, IntakeOwner } from './intake.ts';
import type { ServiceBusDelivery } from './service-bus-delivery.ts';
import { SessionTurn } from './session-turn.ts';
import { Trouble } from './trouble.ts';

const afterFailureMs = 1_000;
/** Questions for a session that wait for an answer: each is a link that the service holds open. */
const mostAsking = 4;

/** What a {@link SessionIntake} works with. */
export interface SessionIntakeParts {
  readonly client: ServiceBusClient;
  readonly queue: string;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly holdings: Holdings;
  readonly owner: IntakeOwner;
}

/**
 * Messages of a queue with sessions: as many sessions at once as messages may be handled, and one message of each, so that
 * nothing of a session overtakes what comes back.
 */
export class SessionIntake implements Intake {
  readonly #parts: SessionIntakeParts;
  readonly #trouble: Trouble;
  readonly #turns = new Set<SessionTurn>();
  /** Of those that wait for a session. The SDK leaves a listener on each signal that it is given, so none is used twice. */
  readonly #waiting = new Set<AbortController>();
  #ending = false;
  #concurrency: number;
  #slots = 0;
  #asking = 0;
  readonly #inLine: (() => void)[] = [];

  constructor(parts: SessionIntakeParts) {
    this.#parts = parts;
    this.#concurrency = parts.concurrency;
    this.#trouble = new Trouble(parts.owner);
  }

  get problem(): string | undefined {
    return this.#trouble.problem;
  }

  start(): void {
    this.#fill();
  }

  resize(concurrency: number): void {
    this.#concurrency = concurrency;
    if (this.#slots > 0 && !this.#ending) this.#fill();
  }

  async quiet(): Promise<void> {
    this.#ending = true;
    for (const waiting of this.#waiting) waiting.abort();
    for (const ask of this.#inLine.splice(0)) ask();
    for (const turn of this.#turns) turn.finish();
  }

  async isolate(delivery: ServiceBusDelivery): Promise<void> {
    const others = [...this.#turns].filter((turn) => !turn.isAt(delivery));
    await Promise.all(others.map(({ over }) => over));
  }

  async closeWhenLeft(): Promise<void> {
    await Promise.all([...this.#turns].map(({ over }) => over));
  }

  async close(): Promise<void> {
    await this.quiet();
    await Promise.all([...this.#turns].map((turn) => turn.close()));
  }

  #fill(): void {
    for (; this.#slots < this.#concurrency; this.#slots += 1) void this.#takeTurns();
  }

  /** Never rejects. */
  async #takeTurns(): Promise<void> {
    while (!this.#ending && this.#slots <= this.#concurrency) {
      const session = await this.#fewAtOnce(() => {
        return this.#abortable((signal) => this.#accept(signal));
      });
      if (session !== undefined) await this.#takeTurn(session);
    }
    this.#slots -= 1;
  }

  async #takeTurn(session: ServiceBusSessionReceiver): Promise<void> {
    const { clock, holdings } = this.#parts;
    this.#trouble.over();
    let failure: unknown;
    const failed = (error: unknown): void => {
      failure = error;
    };
    const turn = new SessionTurn({ session, clock, holdings, failed });
    this.#turns.add(turn);
    turn.begin();
    await turn.over;
    this.#turns.delete(turn);
    if (failure !== undefined) await this.#abortable((signal) => this.#failed(failure, signal));
  }

  async #accept(signal: AbortSignal): Promise<ServiceBusSessionReceiver | undefined> {
    const { client, queue } = this.#parts;
    try {
      const session = await client.acceptNextSession(queue, {
        ...receiverOptions,
        abortSignal: signal,
      });
      if (!signal.aborted) return session;
      await session.close();
    } catch (error) {
      if (signal.aborted) return undefined;
      if (hasNone(error)) this.#trouble.over();
      else await this.#failed(error, signal);
    }
    return undefined;
  }

  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    this.#trouble.note(error);
    await pause(this.#parts.clock, afterFailureMs, signal);
  }

  async #fewAtOnce<T>(ask: () => Promise<T>): Promise<T> {
    while (this.#asking >= mostAsking) await new Promise<void>((go) => this.#inLine.push(go));
    this.#asking += 1;
    try {
      return await ask();
    } finally {
      this.#asking -= 1;
      this.#inLine.shift()?.();
    }
  }

  async #abortable<T>(wait: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const ending = new AbortController();
    if (this.#ending) ending.abort();
    this.#waiting.add(ending);
    try {
      return await wait(ending.signal);
    } finally {
      this.#waiting.delete(ending);
    }
  }
}

/** No session has messages for now, or others are at those that have. */
function hasNone(thrown: unknown): boolean {
  const { code } = thrown as { readonly code?: unknown };
  return (
    code === 'ServiceTimeout' ||
    code === 'SessionCannotBeLocked' ||
    /no unlocked sessions/i.test(asError(thrown).message)
  );
}
