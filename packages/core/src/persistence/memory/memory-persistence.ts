import { BusbarError } from '../../errors.ts';
import { decodeOperations } from '../../outbox/stored-operation.ts';
import type { Clock } from '../../time/clock.ts';
import { type Duration, toMilliseconds } from '../../time/duration.ts';
import type { TransportOperation } from '../../transport/operations.ts';
import type {
  CommitResult,
  IncomingMessage,
  OpenedMessage,
  Persistence,
  PersistenceConnection,
  PersistenceHost,
  SessionChanges,
  StorageSession,
} from '../persistence.ts';
import type { StoredSaga } from '../stored-saga.ts';
import { MemoryOutbox, MemoryOutboxStore, outboxConflict } from './memory-outbox.ts';
import { MemorySagas } from './memory-sagas.ts';
import { type MemoryStorage, MemoryTransaction } from './memory-storage.ts';

/** Options of {@link memoryPersistence}. */
export interface MemoryPersistenceOptions {
  /** How long a handled message is remembered. @default '7d' */
  readonly keepDeduplication?: Duration;
}

/** A transaction of the user's own, for `session.within`. It ends with one of `commit` and `rollback`. */
export interface OwnMemoryTransaction extends MemoryStorage {
  commit(): void;
  rollback(): void;
}

/**
 * Keeps everything in this process: for tests. One object is one store, which several endpoints may share; it lives as
 * long as the object does, so an endpoint that is made anew with it finds what the one before had committed.
 */
export class MemoryPersistence implements Persistence<MemoryStorage> {
  readonly name = 'memory';
  readonly capabilities = { outbox: true, sagas: true };
  readonly #values = new Map<string, unknown>();
  readonly #sagas = new MemorySagas();
  readonly #outboxes = new Map<string, MemoryOutbox>();
  readonly #keepMs: number;

  constructor(options: MemoryPersistenceOptions = {}) {
    this.#keepMs = toMilliseconds(options.keepDeduplication ?? '7d', 'keepDeduplication');
  }

  /** The committed values, for assertions. */
  get committed(): ReadonlyMap<string, unknown> {
    return this.#values;
  }

  /** The instances of a saga, for assertions. */
  sagas(type: string): readonly StoredSaga[] {
    return this.#sagas.ofType(type);
  }

  /** Begins a transaction that no endpoint knows of. */
  begin(): OwnMemoryTransaction {
    const transaction = new MemoryTransaction(this.#values);
    return Object.assign(transaction, {
      commit: () => transaction.apply(),
      rollback: () => transaction.end(),
    });
  }

  connect({ endpoint, clock }: PersistenceHost): Promise<PersistenceConnection<MemoryStorage>> {
    let outbox = this.#outboxes.get(endpoint);
    if (outbox === undefined) {
      outbox = new MemoryOutbox();
      this.#outboxes.set(endpoint, outbox);
    }
    const store = { endpoint, clock, values: this.#values, sagas: this.#sagas, outbox };
    return Promise.resolve(new MemoryPersistenceConnection(store, this.#keepMs));
  }
}

interface MemoryStore {
  readonly endpoint: string;
  readonly clock: Clock;
  readonly values: Map<string, unknown>;
  readonly sagas: MemorySagas;
  readonly outbox: MemoryOutbox;
}

class MemoryPersistenceConnection implements PersistenceConnection<MemoryStorage> {
  readonly outbox: MemoryOutboxStore;
  readonly #store: MemoryStore;

  constructor(store: MemoryStore, keepMs: number) {
    this.#store = store;
    this.outbox = new MemoryOutboxStore(store.outbox, store.clock, keepMs);
  }

  open({ messageId, outbox }: IncomingMessage): Promise<OpenedMessage<MemoryStorage>> {
    const { handled, records } = this.#store.outbox;
    const known = outbox ? handled.get(messageId) : undefined;
    if (known === undefined) {
      const session = new MemorySession(this.#store, outbox ? messageId : undefined, outbox);
      return Promise.resolve({ state: 'new', session });
    }
    const stored = known.record === undefined ? undefined : records.get(known.record);
    if (known.record === undefined || stored === undefined) {
      return Promise.resolve({ state: 'dispatched' });
    }
    const operations = decodeOperations(stored.operations);
    return Promise.resolve({ state: 'stored', record: known.record, operations });
  }

  begin(): Promise<StorageSession<MemoryStorage>> {
    return Promise.resolve(new MemorySession(this.#store, undefined, true));
  }

  join(storage: MemoryStorage, operations: readonly TransportOperation[]): Promise<void> {
    if (!(storage instanceof MemoryTransaction)) {
      throw new BusbarError(
        'INVALID_CONFIGURATION',
        'What was given is no transaction in memory.',
        {
          help: 'Give what `persistence.begin()` returned.',
          details: { setting: 'session.within' },
        },
      );
    }
    const { clock, outbox } = this.#store;
    storage.onApply(() => outbox.store(operations, clock.now(), true));
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class MemorySession implements StorageSession<MemoryStorage> {
  readonly storage: MemoryTransaction;
  readonly #store: MemoryStore;
  readonly #messageId: string | undefined;
  readonly #keepsRecord: boolean;
  #over = false;

  constructor(store: MemoryStore, messageId: string | undefined, keepsRecord: boolean) {
    this.#store = store;
    this.#messageId = messageId;
    this.#keepsRecord = keepsRecord;
    this.storage = new MemoryTransaction(store.values);
  }

  findSaga(query: Parameters<StorageSession['findSaga']>[0]): Promise<StoredSaga | undefined> {
    return Promise.resolve(this.#store.sagas.find(query));
  }

  // One synchronous piece: nothing of it is seen before all of it is there.
  async commit({ operations, sagas }: SessionChanges): Promise<CommitResult> {
    const { clock, endpoint, outbox } = this.#store;
    const messageId = this.#messageId;
    if (this.#over) {
      throw new BusbarError(
        'TRANSACTION_ENDED',
        'The session was to commit after it had been rolled back; nothing of it was written.',
        { help: 'Begin a session anew.' },
      );
    }
    if (messageId !== undefined && outbox.handled.has(messageId)) {
      throw outboxConflict(messageId, endpoint);
    }
    this.#store.sagas.check(sagas);
    const now = clock.now();
    const record = this.#keepsRecord ? outbox.store(operations, now, false) : undefined;
    if (messageId !== undefined) outbox.handled.set(messageId, { record, at: now });
    this.#store.sagas.apply(sagas);
    this.storage.apply();
    return { record };
  }

  rollback(): Promise<void> {
    this.#over = true;
    this.storage.end();
    return Promise.resolve();
  }

  /** Nobody waits for a session in memory: what is changed after a rollback goes nowhere. */
  abandon(): Promise<void> {
    return this.rollback();
  }
}

/** Keeps everything in this process: for tests. */
export function memoryPersistence(options: MemoryPersistenceOptions = {}): MemoryPersistence {
  return new MemoryPersistence(options);
}
