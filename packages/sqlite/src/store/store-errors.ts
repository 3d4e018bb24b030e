import { BusbarError, asError } from '@busbar/core';

/** What went wrong between us and the file, as far as somebody can do something about it. */
export type StoreTrouble = 'busy' | 'full' | 'io' | 'corrupt' | 'readonly' | 'cannot-open' | 'gone';

/** SQLite's result code for a lock that another connection has. */
export const busyCode = 5;

/** SQLite's primary result codes. */
const troubles: Readonly<Record<number, StoreTrouble>> = {
  [busyCode]: 'busy',
  6: 'busy',
  8: 'readonly',
  10: 'io',
  11: 'corrupt',
  13: 'full',
  14: 'cannot-open',
  // Lock protocol: too many processes fought for the log at once; passes by itself.
  15: 'busy',
  26: 'corrupt',
};

/** What Node says where it touches the files around the database itself. */
const systemTroubles: Readonly<Record<string, StoreTrouble>> = {
  EACCES: 'readonly',
  EPERM: 'readonly',
  EROFS: 'readonly',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EIO: 'io',
  EMFILE: 'cannot-open',
  ENFILE: 'cannot-open',
};

const helps: Readonly<Record<StoreTrouble, string>> = {
  busy: 'Another process holds the write lock: end whatever keeps a transaction open on the file, such as a database tool.',
  full: 'Free space on the disk, or raise the quota; nothing was lost, and work goes on by itself then.',
  io: 'Look at the disk and the log of the operating system; work goes on by itself once the file can be read and written.',
  corrupt:
    'Restore the file from a backup, or move it away so that an empty one is made; `sqlite3 FILE .recover` may save messages.',
  readonly:
    'Give the process write access to the file and its folder, since SQLite puts its log beside the file.',
  'cannot-open': 'Check that the path is a file in a folder that the process may write to.',
  gone: 'Put the file back, or restart the process so that it opens the file anew; nothing is confirmed meanwhile.',
};

const sentences: Readonly<Record<StoreTrouble, string>> = {
  busy: 'is locked by another process',
  full: 'cannot grow, because the disk is full',
  io: 'cannot be read or written',
  corrupt: 'is damaged, or no SQLite database',
  readonly: 'is not writable',
  'cannot-open': 'cannot be opened',
  gone: 'was deleted or replaced while it was open',
};

/** The trouble that a thrown error stands for, or undefined when it is a mistake of the program. */
export function troubleOf(thrown: unknown): StoreTrouble | undefined {
  if (thrown instanceof FileGone) return 'gone';
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const { code, errcode } = thrown as { readonly code?: unknown; readonly errcode?: unknown };
  // The upper bytes are the extended code.
  if (typeof errcode === 'number') return troubles[errcode & 0xff];
  return typeof code === 'string' ? systemTroubles[code] : undefined;
}

/** What happened to the file, to be put behind its name. */
export function sentenceFor(trouble: StoreTrouble): string {
  return sentences[trouble];
}

/** What to do about it. */
export function helpFor(trouble: StoreTrouble): string {
  return helps[trouble];
}

/** Thrown where a path no longer leads to the file that was opened. */
export class FileGone extends Error {
  readonly path: string;

  constructor(path: string) {
    super(`${path} is gone`);
    this.path = path;
  }
}

/** What callers get: TRANSPORT_UNAVAILABLE with the file, or the error itself when it is no trouble of the file. */
export function storeError(file: string, thrown: unknown, trouble = troubleOf(thrown)): Error {
  if (trouble === undefined) return asError(thrown);
  const said =
    thrown instanceof FileGone && thrown.path === file ? '' : ` (${asError(thrown).message})`;
  return new BusbarError(
    'TRANSPORT_UNAVAILABLE',
    `The file ${file} ${sentences[trouble]}${said}.`,
    {
      help: helps[trouble],
      cause: thrown,
      details: { file, trouble },
    },
  );
}
