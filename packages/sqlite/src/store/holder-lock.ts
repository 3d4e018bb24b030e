import { DatabaseSync } from 'node:sqlite';
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from './make-folder.ts';
import { troubleOf } from './store-errors.ts';

/** What can be said of another holder. */
export type HolderState = 'alive' | 'dead' | 'unknown';

/**
 * Shows other processes that this one is alive, by a lock on a small file beside the database. The operating system
 * takes the lock away with the process, however it dies; no process id is looked at, so neither a reused id nor a
 * container's own numbering can mislead anybody.
 *
 * It is SQLite's own lock, taken by the same calls as those that keep the database consistent: where one of them does
 * not hold, on a network file system say, the other does not either. A file that somebody removed says nothing, and the
 * leases of its holder run out by time.
 */
export class HolderLock {
  readonly #path: string;
  #lock: DatabaseSync | undefined;

  constructor(liveDirectory: string, holderId: number) {
    this.#path = lockPath(liveDirectory, holderId);
    this.renew();
  }

  /** Locks again what somebody has removed. */
  renew(): void {
    if (this.#lock !== undefined && existsSync(this.#path)) return;
    this.#lock?.close();
    this.#lock = undefined;
    makeFolder(dirname(this.#path));
    const lock = new DatabaseSync(this.#path);
    try {
      // Without anything written the file stays empty and needs no journal.
      lock.exec('BEGIN EXCLUSIVE');
      this.#lock = lock;
    } finally {
      if (this.#lock === undefined) lock.close();
    }
  }

  release(): void {
    this.#lock?.close();
    this.#lock = undefined;
    removeLock(this.#path);
  }
}

/** Whether the process behind a lock file still runs. */
export function holderState(liveDirectory: string, holderId: number): HolderState {
  const path = lockPath(liveDirectory, holderId);
  if (!existsSync(path)) return 'unknown';
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { readOnly: true });
    database.prepare('SELECT 1 FROM sqlite_master').get();
    return 'dead';
  } catch (error) {
    return troubleOf(error) === 'busy' ? 'alive' : 'unknown';
  } finally {
    database?.close();
  }
}

/** Removes what a dead holder has left. */
export function removeHolder(liveDirectory: string, holderId: number): void {
  removeLock(lockPath(liveDirectory, holderId));
}

/**
 * The holders whose lock file was made before `time`, in wall-clock milliseconds. A younger one may be about to be
 * locked: whoever removes it then breaks the start of its process.
 */
export function holdersOlderThan(liveDirectory: string, time: number): number[] {
  return readdirSync(liveDirectory)
    .filter((name) => name.endsWith('.lock'))
    .filter((name) => {
      const stat = statSync(join(liveDirectory, name), { throwIfNoEntry: false });
      return stat !== undefined && stat.mtimeMs < time;
    })
    .map((name) => Number.parseInt(name, 36));
}

function lockPath(liveDirectory: string, holderId: number): string {
  return join(liveDirectory, `${holderId.toString(36)}.lock`);
}

function removeLock(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Somebody has it open on a system that minds; it is harmless, and whoever probes it next removes it.
  }
}
