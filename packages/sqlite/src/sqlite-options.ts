import { BusbarError } from '@busbar/core';

/** Options of `sqliteTransport`. */
export interface SqliteTransportOptions {
  /**
   * The database file, relative to the working directory. Its folder is made. It must be on a disk of this machine:
   * network file systems break SQLite's locks.
   */
  readonly file: string;
  /**
   * What a confirmed send survives. `full` waits for the disk before it confirms, so that it survives a power loss.
   * `normal` survives the death of any process, but a power loss or a crash of the operating system may undo the last
   * moments; choose it where a send per millisecond matters more than that.
   *
   * @default 'full'
   */
  readonly durability?: 'full' | 'normal';
  /**
   * How long a process that stands still keeps its messages, in milliseconds; held messages are renewed at each third of
   * it. A process that dies gives them back within about a second, whatever this says. Raise it where handlers block the
   * event loop for longer.
   *
   * @default 30_000
   */
  readonly leaseMs?: number;
  /**
   * How long a call waits for the write lock of another process before it fails, in milliseconds. The event loop goes on
   * meanwhile.
   *
   * @default 10_000
   */
  readonly busyTimeoutMs?: number;
  /**
   * How often a receiver looks for changes by itself, in milliseconds, in case the hint of another process was lost: at
   * most 1000. Raising it saves next to nothing.
   *
   * @default 500
   */
  readonly pollMs?: number;
}

/** The options with all defaults. */
export type SqliteSettings = Required<SqliteTransportOptions>;

const ranges = {
  leaseMs: [100, 24 * 60 * 60 * 1_000],
  busyTimeoutMs: [0, 10 * 60 * 1_000],
  pollMs: [5, 1_000],
} as const;

type NumberOption = keyof typeof ranges;

const defaults: Omit<SqliteSettings, 'file'> = {
  durability: 'full',
  leaseMs: 30_000,
  busyTimeoutMs: 10_000,
  pollMs: 500,
};

/** The names of all options but the file, as a URL may give them. */
export const optionNames: readonly string[] = Object.keys(defaults);

/**
 * Fills in the defaults.
 *
 * @throws BusbarError UNKNOWN_OPTION, INVALID_CONFIGURATION
 */
export function checkOptions(options: SqliteTransportOptions): SqliteSettings {
  for (const name of Object.keys(options)) {
    if (name === 'file' || optionNames.includes(name)) continue;
    throw new BusbarError('UNKNOWN_OPTION', `The SQLite transport has no option "${name}".`, {
      help: `The options are file, ${optionNames.join(', ')}.`,
      details: { option: name },
    });
  }
  const settings = { ...defaults, ...withoutUndefined(options) };
  checkFile(settings.file);
  if (settings.durability !== 'full' && settings.durability !== 'normal') {
    throw invalid('durability', settings.durability, "'full' or 'normal'");
  }
  for (const name of Object.keys(ranges) as NumberOption[]) {
    const [least, most] = ranges[name];
    const value: unknown = settings[name];
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
      continue;
    }
    throw invalid(name, value, `a whole number of milliseconds from ${least} to ${most}`);
  }
  return Object.freeze(settings);
}

function checkFile(file: unknown): void {
  if (typeof file !== 'string' || file === '') throw invalid('file', file, 'the path of a file');
  if (file === ':memory:') {
    throw new BusbarError(
      'INVALID_CONFIGURATION',
      'SQLite in memory cannot be shared with other processes.',
      { help: 'Use `memory:` (memoryTransport), which needs no database at all, or name a file.' },
    );
  }
  if (file.includes('\0')) throw invalid('file', file, 'a path without null characters');
}

function withoutUndefined(options: SqliteTransportOptions): SqliteTransportOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as unknown as SqliteTransportOptions;
}

function invalid(option: string, value: unknown, wanted: string): BusbarError {
  return new BusbarError(
    'INVALID_CONFIGURATION',
    `The option "${option}" of the SQLite transport is ${JSON.stringify(value)}, but must be ${wanted}.`,
    { details: { option, value } },
  );
}
