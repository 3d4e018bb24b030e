import { BusbarError, type Duration, toMilliseconds } from '@busbar/core';
import { type SqliteSettings, checkOptions } from '../sqlite-options.ts';

/** Options of `sqlitePersistence`. */
export interface SqlitePersistenceOptions {
  /**
   * The database file, relative to the working directory. Its folder is made. Name the file of the embedded transport to
   * have data, messages and the settling of what was received in one transaction; then the transport's own options hold
   * for `durability` and `busyTimeoutMs`.
   */
  readonly file: string;
  /**
   * How long a handled message is remembered. Keep it longer than messages can wait, in the error queue too.
   *
   * @default '7d'
   */
  readonly keepDeduplication?: Duration;
  /**
   * What a commit survives: `full` waits for the disk, so that it survives a power loss; `normal` survives the death of any
   * process, but a power loss may undo the last moments.
   *
   * @default 'full'
   */
  readonly durability?: 'full' | 'normal';
  /**
   * How long a commit waits for the write lock of another process before it fails, in milliseconds. The event loop goes on
   * meanwhile.
   *
   * @default 10_000
   */
  readonly busyTimeoutMs?: number;
}

/** The options with all defaults. */
export interface PersistenceSettings {
  readonly store: SqliteSettings;
  readonly keepMs: number;
}

const optionNames: readonly string[] = ['file', 'keepDeduplication', 'durability', 'busyTimeoutMs'];

/**
 * Fills in the defaults.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION, INVALID_DURATION
 */
export function checkPersistenceOptions(options: SqlitePersistenceOptions): PersistenceSettings {
  for (const name of Object.keys(options)) {
    if (optionNames.includes(name)) continue;
    throw new BusbarError('UNKNOWN_OPTION', `The SQLite persistence has no option "${name}".`, {
      help: `The options are ${optionNames.join(', ')}.`,
      details: { option: name },
    });
  }
  const { keepDeduplication, ...store } = options;
  return Object.freeze({
    store: checkOptions(store),
    keepMs: toMilliseconds(keepDeduplication ?? '7d', 'keepDeduplication'),
  });
}
