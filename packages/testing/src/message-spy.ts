import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type AnyBehavior,
  type Headers,
  type Intent,
  type Observation,
  type Observer,
  type TransportOperation,
  behavior,
  headerNames,
} from '@busbar/core';

/** A message that left an endpoint. */
export interface OutgoingRecord {
  readonly endpoint: string;
  readonly intent: Intent;
  /** Undefined when the message was made elsewhere, such as a stored one of an earlier process. */
  readonly message: object | undefined;
  readonly headers: Headers;
  readonly body: Uint8Array;
  /** The queue, or the topics joined with `;`. */
  readonly destination: string;
  /** Wall-clock milliseconds before which it is not delivered. */
  readonly deliverAt: number | undefined;
}

/** An attempt at a message that came as far as its handlers. */
export interface AttemptRecord {
  readonly endpoint: string;
  readonly queue: string;
  readonly message: object;
  readonly headers: Headers;
  /** Why it failed; undefined when it was handled. */
  readonly error: Error | undefined;
}

/** What an endpoint told its observers. */
export type ObservationRecord = Observation & { readonly endpoint: string };

/** An attempt that is under way. */
export interface RunningAttempt {
  readonly endpoint: string;
  readonly queue: string;
  readonly headers: Headers;
  message: object | undefined;
  /** Whether what its handlers changed was committed. */
  committed: boolean;
}

/** Watches endpoints through their observers and behaviours. */
export class MessageSpy {
  readonly outgoing: OutgoingRecord[] = [];
  readonly attempts: AttemptRecord[] = [];
  readonly observations: ObservationRecord[] = [];
  readonly running = new Set<RunningAttempt>();
  /** Grows with everything that happens. */
  progress = 0;
  readonly #current = new AsyncLocalStorage<RunningAttempt>();
  readonly #serialized = new Map<string, object>();

  observer(endpoint: string): Observer {
    return {
      observe: (observation) => {
        this.progress += 1;
        this.observations.push({ ...observation, endpoint });
        if (observation.kind === 'dispatched') this.#left(endpoint, observation.operations);
      },
      process: (headers, queue, next) => this.#watch({ endpoint, queue, headers }, next),
    };
  }

  /** To be registered last, so that they see what the handlers and the transport get. */
  behaviors(): readonly AnyBehavior[] {
    return [
      behavior('handlers', 'harness', (context, next) => {
        const attempt = this.#current.getStore();
        if (attempt !== undefined) attempt.message = context.message;
        return next();
      }),
      behavior('transaction', 'harness', async (_, next) => {
        await next();
        const attempt = this.#current.getStore();
        if (attempt !== undefined) attempt.committed = true;
      }),
      behavior('serialize', 'harness', async (context, next) => {
        await next();
        this.progress += 1;
        this.#serialized.set(idOf(context.headers), context.message);
      }),
    ];
  }

  async #watch(
    attempt: Pick<RunningAttempt, 'endpoint' | 'queue' | 'headers'>,
    next: () => Promise<void>,
  ): Promise<void> {
    const running: RunningAttempt = { ...attempt, message: undefined, committed: false };
    this.running.add(running);
    this.progress += 1;
    try {
      await this.#current.run(running, next);
      this.#ended(running, undefined);
    } catch (error) {
      this.#ended(running, error as Error);
      throw error;
    } finally {
      this.running.delete(running);
      this.progress += 1;
    }
  }

  #ended(attempt: RunningAttempt, error: Error | undefined): void {
    const { endpoint, queue, headers, message, committed } = attempt;
    // Without an error and a commit it was a duplicate, or a behaviour ended it: nobody handled it.
    if (message === undefined || (error === undefined && !committed)) return;
    this.attempts.push({ endpoint, queue, message, headers: { ...headers }, error });
  }

  #left(endpoint: string, operations: readonly TransportOperation[]): void {
    for (const { message, destination, deliverAt } of operations) {
      const { headers, body } = message;
      // An audit copy is no message of its own.
      if (headers[headerNames.processingEnded] !== undefined) continue;
      this.outgoing.push({
        endpoint,
        intent: (headers[headerNames.intent] ?? 'send') as Intent,
        message: this.#serialized.get(idOf(headers)),
        headers: { ...headers },
        body,
        destination:
          destination.kind === 'queue' ? destination.queue : destination.topics.join(';'),
        deliverAt,
      });
    }
  }
}

function idOf(headers: Headers): string {
  return headers[headerNames.messageId] ?? '';
}
