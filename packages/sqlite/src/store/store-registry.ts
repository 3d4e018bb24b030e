import { type Clock, type Logger, pause } from '@busbar/core';
import type { SqliteSettings } from '../sqlite-options.ts';
import { SharedStore } from './shared-store.ts';
import { storeError, troubleOf } from './store-errors.ts';
import { StoreFile, storePath } from './store-file.ts';

interface OpenStore {
  readonly clock: Clock;
  readonly opened: Promise<SharedStore>;
  users: number;
}

/** The open stores of this process by file and settings. */
const stores = new Map<string, OpenStore[]>();

/** How to become one more user of an open store. */
const joins = new WeakMap<SharedStore, () => StoreLease>();

/** A store that is in use until it is given back. */
export interface StoreLease {
  readonly store: SharedStore;
  /** Closes the store when nobody else uses it. */
  release(): void;
}

/**
 * Opens the file, or joins those of this process who have it open with the same settings.
 *
 * @throws BusbarError TRANSPORT_UNAVAILABLE, INCOMPATIBLE_PACKAGE
 */
export async function acquireStore(
  settings: SqliteSettings,
  clock: Clock,
  logger: Logger,
  endpoint: string,
): Promise<StoreLease> {
  const path = pathOf(settings.file);
  const key = JSON.stringify({ ...settings, file: path });
  const entries = stores.get(key) ?? [];
  stores.set(key, entries);
  let entry = entries.find((candidate) => candidate.clock === clock);
  if (entry === undefined) {
    entry = { clock, opened: openStore(path, settings, clock, logger, endpoint), users: 0 };
    entries.push(entry);
  }
  entry.users += 1;
  const leave = (): boolean => {
    entry.users -= 1;
    if (entry.users > 0) return false;
    entries.splice(entries.indexOf(entry), 1);
    if (entries.length === 0) stores.delete(key);
    return true;
  };
  try {
    const store = await entry.opened;
    const release = (): void => {
      if (leave()) store.close();
    };
    joins.set(store, () => {
      entry.users += 1;
      return { store, release };
    });
    return { store, release };
  } catch (error) {
    leave();
    throw error;
  }
}

/** Uses a store that is open, whatever its settings. */
export function joinStore(store: SharedStore): StoreLease {
  return joins.get(store)?.() ?? { store, release: () => {} };
}

function pathOf(file: string): string {
  try {
    return storePath(file);
  } catch (error) {
    throw storeError(file, error, 'cannot-open');
  }
}

async function openStore(
  path: string,
  settings: SqliteSettings,
  clock: Clock,
  logger: Logger,
  endpoint: string,
): Promise<SharedStore> {
  const file = await openFile(path, settings, clock);
  const store = build(file, settings, clock, logger);
  try {
    await store.register(endpoint);
    return store;
  } catch (error) {
    store.close();
    throw storeError(path, error);
  }
}

function build(
  file: StoreFile,
  settings: SqliteSettings,
  clock: Clock,
  logger: Logger,
): SharedStore {
  try {
    return new SharedStore(file, settings, clock, logger);
  } catch (error) {
    file.close();
    throw storeError(file.path, error);
  }
}

/** Several processes that start at once make each other wait while the first one makes the tables. */
async function openFile(path: string, settings: SqliteSettings, clock: Clock): Promise<StoreFile> {
  const deadline = clock.monotonic() + settings.busyTimeoutMs;
  for (;;) {
    try {
      return new StoreFile(path, settings.durability);
    } catch (error) {
      if (troubleOf(error) !== 'busy' || clock.monotonic() >= deadline)
        throw storeError(path, error);
    }
    await pause(clock, 5 + Math.random() * 25);
  }
}
