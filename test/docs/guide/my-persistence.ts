import { randomUUID } from 'node:crypto';
import {
  BusbarError,
  type ClaimRequest,
  type Clock,
  type IncomingMessage,
  type LaneRequest,
  type OpenedMessage,
  type OutboxBacklog,
  type OutboxLane,
  type OutboxRecord,
  type OutboxStore,
  type Persistence,
  type PersistenceConnection,
  type PersistenceHost,
  type SagaChange,
  type SagaQuery,
  type StorageSession,
  type StoredSaga,
  type TransportOperation,
  decodeOperations,
  encodeOperations,
} from '@busbar/core';

export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;

// #region storage
/** A statement, and what to say when it changes no row. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly Value[];
  readonly unchanged?: () => BusbarError;
}

export interface Database {
  /** Runs one statement by itself; gives its rows, also those of RETURNING. */
  query(sql: string, values?: readonly Value[]): Promise<readonly Row[]>;
  /** Runs all of them as one transaction, or none. */
  apply(statements: readonly Statement[]): Promise<void>;
}

/** What handlers get as `context.storage`: reads at once, and collects what is to be written. */
export class Transaction {
  readonly writes: Statement[] = [];
  readonly query: Database['query'];

  constructor(database: Database) {
    this.query = (sql, values) => database.query(sql, values);
  }

  write(sql: string, ...values: readonly Value[]): void {
    this.writes.push({ sql, values });
  }
}
// #endregion

// #region connection
export function myPersistence(database: Database, keepMs: number): Persistence<Transaction> {
  return {
    name: 'mine',
    capabilities: { outbox: true, sagas: true },
    connect: async (host) => new MyConnection(database, host, keepMs),
  };
}

class MyConnection implements PersistenceConnection<Transaction> {
  readonly outbox: MyOutbox;
  readonly #database: Database;
  readonly #endpoint: string;

  constructor(database: Database, { endpoint, clock }: PersistenceHost, keepMs: number) {
    this.#database = database;
    this.#endpoint = endpoint;
    this.outbox = new MyOutbox(database, endpoint, clock, keepMs);
  }

  async open({ messageId, outbox }: IncomingMessage): Promise<OpenedMessage<Transaction>> {
    const [handled] = outbox
      ? await this.#database.query(
          `SELECT outbox.record, outbox.operations FROM handled LEFT JOIN outbox USING (record)
           WHERE handled.endpoint = ? AND handled.id = ?`,
          [this.#endpoint, messageId],
        )
      : [];
    if (handled === undefined) {
      return { state: 'new', session: this.#session(outbox ? messageId : undefined, outbox) };
    }
    const { record, operations } = handled;
    if (record === null) return { state: 'dispatched' };
    return {
      state: 'stored',
      record: String(record),
      operations: decodeOperations(String(operations)),
    };
  }

  async begin(): Promise<StorageSession<Transaction>> {
    return this.#session(undefined, true);
  }

  async join(storage: Transaction, operations: readonly TransportOperation[]): Promise<void> {
    storage.writes.push(...this.outbox.stored(operations, true).statements);
  }

  async close(): Promise<void> {
    // Nothing is batched here, and the database is its user's.
  }

  #session(messageId: string | undefined, keepsRecord: boolean): StorageSession<Transaction> {
    const storage = new Transaction(this.#database);
    return {
      storage,
      findSaga: (query) => findSaga(this.#database, query),
      commit: async ({ operations, sagas }) => {
        const kept = this.outbox.stored(keepsRecord ? operations : [], false);
        await this.#database.apply([
          ...(messageId === undefined ? [] : [this.outbox.handled(messageId, kept.record)]),
          ...kept.statements,
          ...sagas.map(changeSaga),
          ...storage.writes,
        ]);
        return { record: kept.record };
      },
      rollback: async () => {
        storage.writes.length = 0;
      },
    };
  }
}
// #endregion

// #region outbox
class MyOutbox implements OutboxStore {
  readonly #database: Database;
  readonly #endpoint: string;
  readonly #clock: Clock;
  readonly #keepMs: number;

  constructor(database: Database, endpoint: string, clock: Clock, keepMs: number) {
    this.#database = database;
    this.#endpoint = endpoint;
    this.#clock = clock;
    this.#keepMs = keepMs;
  }

  /** The deduplication record: only one attempt can insert it. */
  handled(messageId: string, record: string | undefined): Statement {
    return {
      sql: 'INSERT INTO handled VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      values: [this.#endpoint, messageId, record ?? null, this.#clock.now()],
      unchanged: () =>
        new BusbarError('OUTBOX_CONFLICT', `Another attempt at ${messageId} has committed.`),
    };
  }

  /** What has a partition key goes to its lane, a row each; the rest into one record. */
  stored(operations: readonly TransportOperation[], joined: boolean) {
    const now = this.#clock.now();
    const statements: Statement[] = [];
    const direct: TransportOperation[] = [];
    for (const operation of operations) {
      const { partitionKey } = operation;
      if (partitionKey === undefined) {
        direct.push(operation);
        continue;
      }
      const values = [this.#endpoint, partitionKey, encodeOperations([operation]), now];
      statements.push({
        sql: `INSERT INTO lanes (endpoint, key, operation, stored_at, joined)
              VALUES (?, ?, ?, ?, ?)`,
        values: [...values, joined ? 1 : 0],
      });
    }
    if (direct.length === 0) return { record: undefined, statements };
    const record = randomUUID();
    // Nobody else sends what was joined, so it can be claimed at once.
    const values = [record, this.#endpoint, encodeOperations(direct), now, joined ? 0 : null];
    statements.push({ sql: 'INSERT INTO outbox VALUES (?, ?, ?, ?, ?)', values });
    return { record, statements };
  }

  markDispatched(record: string): void {
    // A mark that is lost costs a repeated dispatch; a real one gathers many, and logs what it cannot write.
    void this.#database.query('DELETE FROM outbox WHERE record = ?', [record]);
  }

  async keep(record: string, operations: readonly TransportOperation[], afterMs: number) {
    await this.#database.query('UPDATE outbox SET operations = ?, free_at = ? WHERE record = ?', [
      encodeOperations(operations),
      this.#clock.now() + afterMs,
      record,
    ]);
  }

  async claim({ limit, graceMs, leaseMs }: ClaimRequest): Promise<readonly OutboxRecord[]> {
    const now = this.#clock.now();
    const rows = await this.#database.query(
      `UPDATE outbox SET free_at = ? WHERE record IN (
         SELECT record FROM outbox
         WHERE endpoint = ? AND coalesce(free_at, stored_at + ?) <= ?
         ORDER BY stored_at LIMIT ?)
       RETURNING record, operations`,
      [now + leaseMs, this.#endpoint, graceMs, now, limit],
    );
    return rows.map(({ record, operations }) => ({
      record: String(record),
      operations: decodeOperations(String(operations)),
    }));
  }

  async claimLane(request: LaneRequest): Promise<OutboxLane | undefined> {
    const { graceMs, leaseMs, limit } = request;
    const now = this.#clock.now();
    const key = request.key ?? (await this.#leftLane(now, graceMs));
    if (key === undefined) return undefined;
    const claim = randomUUID();
    // Only one can take a hold, and nobody takes it from its holder within the lease.
    const held = await this.#database.query(
      `INSERT INTO holds SELECT ?, ?, ?, ?
       WHERE EXISTS (SELECT 1 FROM lanes WHERE endpoint = ? AND key = ?)
       ON CONFLICT DO UPDATE SET claim = excluded.claim, until = excluded.until
       WHERE until <= ? RETURNING claim`,
      [this.#endpoint, key, claim, now + leaseMs, this.#endpoint, key, now],
    );
    if (held.length === 0) return undefined;
    const rows = await this.#database.query(
      'SELECT operation FROM lanes WHERE endpoint = ? AND key = ? ORDER BY seq LIMIT ?',
      [this.#endpoint, key, limit],
    );
    const operations = rows.flatMap(({ operation }) => decodeOperations(String(operation)));
    return { key, claim, operations };
  }

  async settleLane({ key, claim }: OutboxLane, sent: number, afterMs: number): Promise<void> {
    const lane = [this.#endpoint, key];
    await this.#database.apply([
      {
        sql: `DELETE FROM lanes WHERE seq IN (
                SELECT seq FROM lanes WHERE endpoint = ? AND key = ? ORDER BY seq LIMIT ?)
              AND EXISTS (SELECT 1 FROM holds WHERE endpoint = ? AND key = ? AND claim = ?)`,
        values: [...lane, sent, ...lane, claim],
      },
      {
        sql: "UPDATE holds SET claim = '', until = ? WHERE endpoint = ? AND key = ? AND claim = ?",
        values: [afterMs > 0 ? this.#clock.now() + afterMs : 0, ...lane, claim],
      },
      {
        sql: `DELETE FROM holds WHERE endpoint = ? AND key = ? AND claim = ''
              AND NOT EXISTS (SELECT 1 FROM lanes WHERE endpoint = ? AND key = ?)`,
        values: [...lane, ...lane],
      },
    ]);
  }

  async forget(signal: AbortSignal): Promise<number> {
    let forgotten = 0;
    for (let more = true; more && !signal.aborted;) {
      const rows = await this.#database.query(
        `DELETE FROM handled WHERE (endpoint, id) IN (
           SELECT endpoint, id FROM handled WHERE endpoint = ? AND handled_at <= ?
           AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.record = handled.record) LIMIT 500)
         RETURNING id`,
        [this.#endpoint, this.#clock.now() - this.#keepMs],
      );
      forgotten += rows.length;
      more = rows.length === 500;
    }
    return forgotten;
  }

  async backlog(): Promise<OutboxBacklog> {
    const [row] = await this.#database.query(
      `SELECT count(*) AS waiting, min(stored_at) AS oldest FROM (
         SELECT stored_at FROM outbox WHERE endpoint = ?
         UNION ALL SELECT stored_at FROM lanes WHERE endpoint = ?)`,
      [this.#endpoint, this.#endpoint],
    );
    const now = this.#clock.now();
    return { waiting: Number(row?.['waiting']), oldestMs: now - Number(row?.['oldest'] ?? now) };
  }

  /** A key that nobody holds, and whose first operation nobody sends. */
  async #leftLane(now: number, graceMs: number): Promise<string | undefined> {
    const [left] = await this.#database.query(
      `SELECT key FROM lanes
       WHERE seq IN (SELECT min(seq) FROM lanes WHERE endpoint = ? GROUP BY key)
       AND (joined = 1 OR stored_at + ? <= ?)
       AND key NOT IN (SELECT key FROM holds WHERE endpoint = ? AND until > ?) LIMIT 1`,
      [this.#endpoint, graceMs, now, this.#endpoint, now],
    );
    return left === undefined ? undefined : String(left['key']);
  }
}
// #endregion

// #region sagas
async function findSaga(
  database: Database,
  { type, by, value }: SagaQuery,
): Promise<StoredSaga | undefined> {
  const column = by === 'id' ? 'id' : 'correlation';
  const sql = `SELECT * FROM sagas WHERE type = ? AND ${column} = ?`;
  const [row] = await database.query(sql, [type, value]);
  if (row === undefined) return undefined;
  const { id, correlation, version, state } = row;
  return {
    type,
    id: String(id),
    correlation: correlation === null ? undefined : String(correlation),
    version: Number(version),
    state: String(state),
  };
}

/** A statement that changes no row when the saga is not as it was found. */
function changeSaga({ kind, saga }: SagaChange): Statement {
  const { type, id, correlation, version, state } = saga;
  const unchanged = (): BusbarError =>
    new BusbarError('SAGA_CONFLICT', `Saga ${id} of type ${type} was changed meanwhile.`);
  switch (kind) {
    case 'insert':
      return {
        sql: 'INSERT INTO sagas VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
        values: [type, id, correlation ?? null, version, state],
        unchanged,
      };
    case 'update':
      return {
        sql: 'UPDATE sagas SET version = ?, state = ? WHERE type = ? AND id = ? AND version = ?',
        values: [version, state, type, id, version - 1],
        unchanged,
      };
    case 'remove':
      return {
        sql: 'DELETE FROM sagas WHERE type = ? AND id = ? AND version = ?',
        values: [type, id, version],
        unchanged,
      };
  }
}
// #endregion

// #region tables
export const tables = `
  CREATE TABLE handled (endpoint TEXT, id TEXT, record TEXT, handled_at INTEGER,
    PRIMARY KEY (endpoint, id));
  CREATE TABLE outbox (record TEXT PRIMARY KEY, endpoint TEXT, operations TEXT, stored_at INTEGER,
    free_at INTEGER);
  CREATE TABLE lanes (seq INTEGER PRIMARY KEY AUTOINCREMENT, endpoint TEXT, key TEXT,
    operation TEXT, stored_at INTEGER, joined INTEGER);
  CREATE TABLE holds (endpoint TEXT, key TEXT, claim TEXT, until INTEGER,
    PRIMARY KEY (endpoint, key));
  CREATE TABLE sagas (type TEXT, id TEXT, correlation TEXT, version INTEGER, state TEXT,
    PRIMARY KEY (type, id), UNIQUE (type, correlation))`;
// #endregion
