import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { BusbarError } from '@busbar/core';
import { makeFolder } from './make-folder.ts';
import { migrations } from './schema.ts';
import { FileGone } from './store-errors.ts';

/**
 * How long SQLite itself may wait for a lock, and the event loop with it: long enough for the transaction of another
 * process. When the lock is held for longer the rest of the waiting is asynchronous.
 */
const patientMs = 10;
const impatientMs = 1;

/**
 * How often the inodes of the log and its index are compared; in between they only have to exist. On recent Linux a `stat` makes
 * the next write mark the file's times anew, and each wait for the disk that follows a third longer.
 */
const msBetweenLooks = 100;

/**
 * The open database file: transactions, and nothing of what is in them. All is synchronous; a transaction that was begun
 * is ended before control goes back to the event loop, which keeps other processes from waiting for our handlers.
 */
export class StoreFile {
  readonly path: string;
  readonly #database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  readonly #save: StatementSync;
  readonly #release: StatementSync;
  readonly #rollbackToSave: StatementSync;
  readonly #dataVersion: StatementSync;
  /** The file and those that SQLite keeps beside it, which it replaces only when nobody has it open. */
  readonly #identities: readonly (readonly [path: string, identity: string | undefined])[];
  readonly #full: boolean;
  #nextLook = 0;
  #patient = true;
  #synchronous: 'FULL' | 'NORMAL' | undefined;

  /** Opens the file once, without waiting: what `troubleOf` calls `busy` passes by itself. */
  constructor(path: string, durability: 'full' | 'normal') {
    this.path = path;
    this.#full = durability === 'full';
    // Named options of later Node versions are not used: 22.13 has none of them.
    this.#database = new DatabaseSync(path);
    try {
      this.#database.exec(`PRAGMA busy_timeout = ${patientMs}`);
      this.#useWriteAheadLog();
      // 8 MiB of pages; a log that a burst has blown up is cut down to 64 MiB.
      this.#database.exec('PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 67108864');
      this.#migrate();
      this.#begin = this.prepare('BEGIN IMMEDIATE');
      this.#commit = this.prepare('COMMIT');
      this.#rollback = this.prepare('ROLLBACK');
      this.#save = this.prepare('SAVEPOINT busbar_job');
      this.#release = this.prepare('RELEASE busbar_job');
      this.#rollbackToSave = this.prepare('ROLLBACK TO busbar_job');
      this.#dataVersion = this.prepare('PRAGMA data_version');
      this.#dataVersion.get();
      const paths = [path, logOf(path), `${path}-shm`];
      this.#identities = paths.map((one) => [one, identityOf(one)]);
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  prepare(sql: string): StatementSync {
    return this.#database.prepare(sql);
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /**
   * Begins a write transaction.
   *
   * @param durable Whether its commit waits for the disk. What only says who holds what need not: it means nothing after
   * a power loss, and the file stays consistent either way.
   * @param patient Whether to wait a little for the lock.
   */
  begin(durable: boolean, patient: boolean): void {
    this.#checkPresence();
    const synchronous = durable && this.#full ? 'FULL' : 'NORMAL';
    if (synchronous !== this.#synchronous) {
      this.#database.exec(`PRAGMA synchronous = ${synchronous}`);
      this.#synchronous = synchronous;
    }
    if (patient !== this.#patient) {
      this.#database.exec(`PRAGMA busy_timeout = ${patient ? patientMs : impatientMs}`);
      this.#patient = patient;
    }
    this.#begin.run();
  }

  commit(): void {
    this.#commit.run();
  }

  /** Ends a transaction that failed; SQLite may have ended it already. */
  rollback(): void {
    try {
      this.#rollback.run();
    } catch {
      // "no transaction is active": a full disk, for one, rolls back by itself.
    }
  }

  /**
   * Runs a part of the transaction so that its failure undoes the part alone.
   *
   * @returns what it threw, in whose place nothing was done
   * @throws the same, when the transaction has gone with it
   */
  runApart(part: () => void): { readonly thrown: unknown } | undefined {
    this.#save.run();
    try {
      part();
      this.#release.run();
      return undefined;
    } catch (error) {
      try {
        this.#rollbackToSave.run();
        this.#release.run();
      } catch {
        throw error;
      }
      return { thrown: error };
    }
  }

  /** False after a statement that has ended the transaction: `INSERT OR ROLLBACK` may, or a trigger. */
  get inTransaction(): boolean {
    return inTransaction(this.#database);
  }

  /** Changes when another process has committed, and only then. Costs about a microsecond. */
  get dataVersion(): number {
    return this.#dataVersion.get()?.['data_version'] as number;
  }

  /**
   * Whoever deletes or replaces the file leaves us with one that nobody else sees: what went there would be lost. So it
   * would be with the log, in which all that was written of late is.
   *
   * @throws FileGone
   */
  checkIdentity(): void {
    for (const [path, identity] of this.#identities) {
      if (identityOf(path) !== identity) this.#lose(path);
    }
    this.#nextLook = performance.now() + msBetweenLooks;
  }

  close(): void {
    this.#database.close();
  }

  /** As {@link StoreFile.checkIdentity}, at less cost. */
  #checkPresence(): void {
    if (performance.now() >= this.#nextLook) {
      this.checkIdentity();
      return;
    }
    const [[, identity] = [], ...beside] = this.#identities;
    if (identityOf(this.path) !== identity) this.#lose(this.path);
    for (const [path] of beside) if (!existsSync(path)) this.#lose(path);
  }

  #lose(path: string): never {
    this.#nextLook = 0;
    if (path === logOf(this.path)) this.#saveLog();
    throw new FileGone(path);
  }

  /** What is in a log that was removed can still be read by those who have it open, until the last of them ends. */
  #saveLog(): void {
    if (existsSync(logOf(this.path))) return;
    try {
      this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      // As soon as it is tried again.
    }
  }

  #useWriteAheadLog(): void {
    const [row] = this.#database.prepare('PRAGMA journal_mode = WAL').all();
    const mode = row?.['journal_mode'];
    if (mode === 'wal') return;
    throw new BusbarError(
      'TRANSPORT_UNAVAILABLE',
      `The file ${this.path} cannot use a write-ahead log (its journal mode stays "${String(mode)}").`,
      {
        help: 'Put it on a local file system with shared memory; network file systems have none.',
        details: { file: this.path },
      },
    );
  }

  /** Safe from any number of processes at once: the second one to get the lock finds the work done. */
  #migrate(): void {
    if (this.#schemaVersion() === migrations.length) return;
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const version = this.#schemaVersion();
      if (version > migrations.length) throw this.newerSchema(version);
      for (const step of migrations.slice(version)) this.#database.exec(step);
      this.#database.exec(
        `UPDATE busbar_meta SET schema_version = ${migrations.length}, topology = topology + 1`,
      );
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#rollBackMigration();
      throw error;
    }
  }

  #rollBackMigration(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch {
      // It was rolled back already.
    }
  }

  #schemaVersion(): number {
    const table = this.#database.prepare(
      "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'busbar_meta'",
    );
    if (table.get() === undefined) return 0;
    const row = this.#database.prepare('SELECT schema_version FROM busbar_meta').get();
    return row?.['schema_version'] as number;
  }

  newerSchema(version: number): BusbarError {
    return new BusbarError(
      'INCOMPATIBLE_PACKAGE',
      `The file ${this.path} has schema version ${version}, and this @busbar/sqlite knows up to ${migrations.length}.`,
      {
        help: 'A newer Busbar has written it: install that version here too, or use another file.',
        details: { file: this.path, version },
      },
    );
  }
}

/** The one path by which all users of the file know it. Makes its folder. */
export function storePath(file: string): string {
  const path = resolve(file);
  makeFolder(dirname(path));
  return existsSync(path) ? realpathSync(path) : join(realpathSync(dirname(path)), basename(path));
}

/** Whether a connection has a transaction open. */
export function inTransaction(database: DatabaseSync): boolean {
  const { isTransaction } = database as { readonly isTransaction?: boolean };
  if (isTransaction !== undefined) return isTransaction;
  // Node before 22.16 does not tell; a transaction in a transaction is refused.
  try {
    database.exec('BEGIN');
  } catch {
    return true;
  }
  database.exec('ROLLBACK');
  return false;
}

function logOf(path: string): string {
  return `${path}-wal`;
}

function identityOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`;
}
