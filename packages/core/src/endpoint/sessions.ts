import { asError } from '../errors.ts';
import type { PublishOptions, SendOptions } from '../handling/send-options.ts';
import type { Intent } from '../headers.ts';
import { persistenceUnavailable } from '../persistence/persistence-unavailable.ts';
import type { StorageSession } from '../persistence/persistence.ts';
import { transactionConflict } from '../persistence/transaction-conflict.ts';
import { BatchSender, type SendingScope } from '../pipeline/batch-sender.ts';
import { currentAttempt } from '../pipeline/current-attempt.ts';
import { createDestinationCheck } from '../pipeline/destination-check.ts';
import { DispatchBatch } from '../pipeline/dispatch-stage.ts';
import { type Sending, endOf } from '../pipeline/sending.ts';
import type { TransportOperation } from '../transport/operations.ts';
import type { ConnectedEndpoint } from './connected-endpoint.ts';
import { sendOnlyError } from './endpoint-errors.ts';

const noOptions = Object.freeze({});

/** What a session has sent so far. */
class SessionScope implements SendingScope {
  readonly batch: TransportOperation[] = [];
  readonly sending: Sending[] = [];
  readonly afterEnd = 'a transactional session after it had ended';
  ended = false;
}

/** Transactional sessions: messages that exist if and only if a transaction outside handlers commits. */
export class Sessions {
  readonly #connected: ConnectedEndpoint;
  readonly #checkDestinations: (operations: readonly TransportOperation[]) => Promise<void>;

  constructor(connected: ConnectedEndpoint) {
    this.#connected = connected;
    this.#checkDestinations = createDestinationCheck(connected.services);
  }

  /** Runs `work` in a transaction of its own, commits it, and sends what it has sent. */
  async run<Result>(
    work: (storage: unknown, sender: SessionSender) => Promise<Result>,
  ): Promise<Result> {
    const { dispatch, outgoing, services } = this.#connected;
    const session = await this.#orOutage(() => services.persistence.begin());
    const scope = new SessionScope();
    const batch = new BatchSender(outgoing, dispatch, scope);
    const sender = new SessionSender(this.#connected, (request) => batch.collect(request));
    let result: Result;
    try {
      result = await currentAttempt.run(scope, () => work(session.storage, sender));
      if (scope.sending.length > 0) await endOf(scope.sending);
      scope.ended = true;
      await this.#checkDestinations(scope.batch);
    } catch (error) {
      scope.ended = true;
      await this.#rollBack(session);
      throw this.#explained(error);
    }
    await this.#end(session, scope.batch);
    return result;
  }

  /** A sender whose messages are stored, each as it is sent, in a transaction that the caller has. */
  within(storage: unknown): SessionSender {
    const { outgoing, dispatch, services, relay } = this.#connected;
    return new SessionSender(this.#connected, async (request) => {
      const operation = await outgoing.prepare(request);
      if (request.options.dispatch === 'immediate') {
        await dispatch(new DispatchBatch([operation]));
        return;
      }
      await this.#checkDestinations([operation]);
      await this.#orOutage(() => services.persistence.join(storage, [operation]));
      relay?.hasten();
    });
  }

  async #end(session: StorageSession, operations: TransportOperation[]): Promise<void> {
    const { dispatch, relay, services } = this.#connected;
    if (session.commitAndDispatch !== undefined) {
      let taken = false;
      const through = (left: readonly TransportOperation[]) => {
        taken = true;
        return (session as Required<StorageSession>).commitAndDispatch({
          operations: left,
          sagas: [],
        });
      };
      try {
        await dispatch(new DispatchBatch(operations, { through }));
      } catch (error) {
        if (!taken) await this.#rollBack(session);
        throw this.#explained(error);
      }
      return;
    }
    const { record } = await this.#orOutage(() => session.commit({ operations, sagas: [] }));
    try {
      await relay?.sendCommitted(record, operations);
    } catch (error) {
      // It is committed: what the caller asked for will happen, and must not look as if it had failed.
      services.logger.warn(
        { err: asError(error) },
        'What a transactional session committed could not be dispatched at once; the relay of the outbox sends it',
      );
    }
  }

  async #rollBack(session: StorageSession): Promise<void> {
    try {
      await session.rollback();
    } catch (error) {
      this.#connected.services.logger.warn({ err: asError(error) }, 'A rollback failed');
    }
  }

  async #orOutage<T>(action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw this.#explained(error);
    }
  }

  #explained(thrown: unknown): Error {
    const error = asError(thrown);
    const { persistence } = this.#connected.services;
    if (persistence.isOutage?.(error) === true) return persistenceUnavailable(error);
    return persistence.isConflict?.(error) === true ? transactionConflict(error) : error;
  }
}

interface SessionRequest {
  readonly intent: Intent;
  readonly message: object;
  readonly options: SendOptions;
  readonly queue?: string;
}

/** What the code of a session sends with. */
export class SessionSender {
  readonly #connected: ConnectedEndpoint;
  readonly #collect: (request: SessionRequest) => Promise<void>;

  constructor(connected: ConnectedEndpoint, collect: (request: SessionRequest) => Promise<void>) {
    this.#connected = connected;
    this.#collect = collect;
  }

  send(command: object, options: SendOptions = noOptions): Promise<void> {
    return this.#collect({ intent: 'send', message: command, options });
  }

  sendLocal(command: object, options: SendOptions = noOptions): Promise<void> {
    const { endpoint, inputQueue, sendOnly } = this.#connected.services;
    if (sendOnly) return Promise.reject(sendOnlyError(endpoint, 'session.sendLocal'));
    return this.#collect({ intent: 'send', message: command, options, queue: inputQueue });
  }

  publish(event: object, options: PublishOptions = noOptions): Promise<void> {
    return this.#collect({ intent: 'publish', message: event, options });
  }
}
