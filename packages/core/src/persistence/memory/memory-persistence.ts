import { BusbarError } from '../../errors.ts';
import { type Duration, toMilliseconds } from '../../time/duration.ts';
import type {
  IncomingMessage,
  OpenedMessage,
  Persistence,
  PersistenceConnection,
  PersistenceHost,
  StorageSession,
  StoredOperation,
} from '../persistence.ts';
import { type MemoryStorage, MemoryTransaction } from './memory-storage.ts';

/** Options of {@link memoryPersistence}. */
export interface MemoryPersistenceOptions {
  /** How long a handled message is remembered. @default '7d' */
  readonly keepDeduplication?: Duration;
}

interface OutboxRecord {
  /** JSON, as a database would hold it: what does not survive that shows in the first test. */
  readonly operations: string;
  dispatchedAt: number | undefined;
}

/**
 * Keeps everything in this process: for tests. One object is one store, which several endpoints may share; it lives as
 * long as the object does, so an endpoint that is made anew with it finds what the one before had committed.
 */
export class MemoryPersistence implements Persistence<MemoryStorage> {
  readonly name = 'memory';
  readonly capabilities = { outbox: true };
  readonly #values = new Map<string, unknown>();
  readonly #outboxes = new Map<string, Map<string, OutboxRecord>>();
  readonly #keepMs: number;

  constructor(options: MemoryPersistenceOptions = {}) {
    this.#keepMs = toMilliseconds(options.keepDeduplication ?? '7d', 'keepDeduplication');
  }

  /** The committed values, for assertions. */
  get committed(): ReadonlyMap<string, unknown> {
    return this.#values;
  }

  connect(host: PersistenceHost): Promise<PersistenceConnection<MemoryStorage>> {
    let outbox = this.#outboxes.get(host.endpoint);
    if (outbox === undefined) {
      outbox = new Map();
      this.#outboxes.set(host.endpoint, outbox);
    }
    return Promise.resolve(
      new MemoryPersistenceConnection(this.#values, outbox, host, this.#keepMs),
    );
  }
}

class MemoryPersistenceConnection implements PersistenceConnection<MemoryStorage> {
  readonly #values: Map<string, unknown>;
  readonly #outbox: Map<string, OutboxRecord>;
  readonly #host: PersistenceHost;
  readonly #keepMs: number;

  constructor(
    values: Map<string, unknown>,
    outbox: Map<string, OutboxRecord>,
    host: PersistenceHost,
    keepMs: number,
  ) {
    this.#values = values;
    this.#outbox = outbox;
    this.#host = host;
    this.#keepMs = keepMs;
  }

  open({ messageId, outbox }: IncomingMessage): Promise<OpenedMessage<MemoryStorage>> {
    const record = outbox ? this.#outbox.get(messageId) : undefined;
    if (record === undefined) {
      return Promise.resolve({ state: 'new', session: this.#session(messageId, outbox) });
    }
    if (record.dispatchedAt !== undefined) return Promise.resolve({ state: 'dispatched' });
    const operations = JSON.parse(record.operations) as StoredOperation[];
    return Promise.resolve({ state: 'stored', operations });
  }

  markDispatched(messageId: string): Promise<void> {
    const record = this.#outbox.get(messageId);
    const now = this.#host.clock.now();
    if (record !== undefined) record.dispatchedAt = now;
    this.#forget(now);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #session(messageId: string, outbox: boolean): StorageSession<MemoryStorage> {
    const transaction = new MemoryTransaction(this.#values);
    return {
      storage: transaction,
      commit: async (outgoing) => {
        if (outbox) this.#store(messageId, outgoing);
        transaction.apply();
      },
      rollback: () => Promise.resolve(),
    };
  }

  #store(messageId: string, outgoing: readonly StoredOperation[]): void {
    if (this.#outbox.has(messageId)) {
      throw new BusbarError(
        'OUTBOX_CONFLICT',
        `Another attempt at message ${messageId} of endpoint "${this.#host.endpoint}" has committed already.`,
        { details: { messageId, endpoint: this.#host.endpoint } },
      );
    }
    this.#outbox.set(messageId, { operations: JSON.stringify(outgoing), dispatchedAt: undefined });
  }

  /** A Map keeps the order of insertion, so the oldest records come first; only dispatched ones are dropped. */
  #forget(now: number): void {
    for (const [messageId, { dispatchedAt }] of this.#outbox) {
      if (dispatchedAt === undefined || now - dispatchedAt < this.#keepMs) return;
      this.#outbox.delete(messageId);
    }
  }
}

/** Keeps everything in this process: for tests. */
export function memoryPersistence(options: MemoryPersistenceOptions = {}): MemoryPersistence {
  return new MemoryPersistence(options);
}
