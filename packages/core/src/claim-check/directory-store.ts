import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { BusbarError } from '../errors.ts';
import type { Clock } from '../time/clock.ts';
import { systemClock } from '../time/system-clock.ts';
import { checkClaimName } from './claim-name.ts';
import { claimNotFound } from './claim-not-found.ts';
import type { ExpiringClaimStore } from './claim-store.ts';

/** How a file begins: what it is, then the expiry as a double, and after that the body. */
const mark = new TextEncoder().encode('BBC1');
const headBytes = mark.length + 8;

/** A write that takes longer than this has died; its file goes with the expired ones. */
const abandonedAfterMs = 24 * 3_600_000;

/**
 * Keeps bodies as files of one directory, which is made when it is missing: a disk of the one machine, or a share of
 * several. A body is on disk before `put` resolves, and a crash leaves a whole file or none. Expired files stay until
 * somebody calls `removeExpired`, once an hour or from a cron job.
 */
export function directoryStore(
  path: string,
  options: { readonly clock?: Clock } = {},
): ExpiringClaimStore {
  const clock = options.clock ?? systemClock;
  // Fixed now: a later change of the working directory must not move the store.
  const directory = resolve(path);

  const fileOf = (claim: string): string => {
    checkClaimName(claim);
    return join(directory, `${claim}.claim`);
  };

  return {
    name: 'directory',
    async put(claim, body, expiresAt) {
      const file = fileOf(claim);
      await mkdir(directory, { recursive: true });
      const unfinished = join(directory, `${claim}.${crypto.randomUUID()}.tmp`);
      try {
        await writeDurably(unfinished, [headOf(expiresAt), body]);
        await rename(unfinished, file);
      } catch (error) {
        await rm(unfinished, { force: true });
        throw error;
      }
      await syncDirectory(directory);
    },
    async get(claim) {
      const file = fileOf(claim);
      const content = await readFile(file).catch((error: unknown) => {
        throw codeOf(error) === 'ENOENT' ? claimNotFound(claim, directory, error) : error;
      });
      if (readExpiry(content) === undefined) {
        throw new BusbarError('UNDECODABLE', `The file of the claim ${claim} is damaged.`, {
          help: 'Bring the file back from a backup, or send the message again.',
          details: { claim, file },
        });
      }
      return new Uint8Array(
        content.buffer,
        content.byteOffset + headBytes,
        content.length - headBytes,
      );
    },
    async removeExpired() {
      const now = clock.now();
      let removed = 0;
      for (const name of await namesIn(directory)) {
        const file = join(directory, name);
        if (name.endsWith('.claim') && (await expiryOf(file)) <= now) {
          await rm(file, { force: true });
          removed += 1;
        } else if (name.endsWith('.tmp') && (await changedAt(file)) <= now - abandonedAfterMs) {
          await rm(file, { force: true });
        }
      }
      return removed;
    },
  };
}

function headOf(expiresAt = Number.POSITIVE_INFINITY): Uint8Array {
  const head = new Uint8Array(headBytes);
  head.set(mark);
  new DataView(head.buffer).setFloat64(mark.length, expiresAt);
  return head;
}

/** When the body expires, or undefined when this is no file of this store. */
function readExpiry(content: Uint8Array): number | undefined {
  if (content.length < headBytes || mark.some((byte, index) => content[index] !== byte)) {
    return undefined;
  }
  return new DataView(content.buffer, content.byteOffset).getFloat64(mark.length);
}

async function expiryOf(file: string): Promise<number> {
  const handle = await openIfThere(file);
  if (handle === undefined) return Number.POSITIVE_INFINITY;
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(headBytes), 0, headBytes, 0);
    // What this store did not write is not its to remove.
    return readExpiry(buffer.subarray(0, bytesRead)) ?? Number.POSITIVE_INFINITY;
  } finally {
    await handle.close();
  }
}

async function writeDurably(file: string, parts: readonly Uint8Array[]): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(parts);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Without it the name of a new file may be lost with the power, though its content is on disk. */
async function syncDirectory(directory: string): Promise<void> {
  // Windows opens no directories, and writes names through.
  if (process.platform === 'win32') return;
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

async function openIfThere(file: string): Promise<Awaited<ReturnType<typeof open>> | undefined> {
  try {
    return await open(file, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function changedAt(file: string): Promise<number> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return Number.POSITIVE_INFINITY;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return (error as { readonly code?: unknown } | undefined)?.code;
}
