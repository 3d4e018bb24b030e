import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startPrivatePostgres } from '../../../test/support/postgres/private-postgres.ts';
import { postgresForTests } from '../../../test/support/postgres/postgres-for-tests.ts';
import { createDatabase } from '../../../test/support/postgres/test-database.ts';
import { connect, failureOf, open, operation, sessionOf } from './support/connect.ts';

const postgres = await postgresForTests();

/** A disk of that size; undefined where this user may not mount one. */
function smallDisk(megabytes: number): { folder: string; remove: () => void } | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), 'busbar-disk-'));
  try {
    const size = `size=${megabytes}m`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', size, 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  const remove = (): void => {
    execFileSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true });
  };
  return { folder, remove };
}

test('should keep the message while the disk is full, and handle it when there is room', async (context) => {
  postgres.orSkip(context);
  const disk = smallDisk(160);
  if (disk === undefined) return context.skip('a small disk can be mounted by root alone');
  try {
    const conf = 'wal_recycle = off\nmin_wal_size = 32MB\nmax_wal_size = 32MB';
    const dataFolder = path.join(disk.folder, 'data');
    mkdirSync(dataFolder);
    await using server = await startPrivatePostgres({ dataFolder, conf });
    const database = await createDatabase(server);
    const connection = await connect(database.pool());
    // A log without room ends the server, which is another test: it gets a new file of 16 MB before the disk is full.
    await (await sessionOf(connection)).commit({ operations: [operation('first')], sagas: [] });
    await database.rows('SELECT pg_switch_wal()');
    await (await sessionOf(connection)).commit({ operations: [operation('second')], sagas: [] });
    const ballast = path.join(disk.folder, 'ballast');
    fill(ballast);

    const session = await sessionOf(connection, 'm');
    const large = { ...operation('large'), message: { headers: {}, body: noise(2_000_000) } };
    const failure = await failureOf(session.commit({ operations: [large], sagas: [] }));
    expect(failure).toMatchObject({ code: 'PERSISTENCE_UNAVAILABLE' });
    expect(failure.message).toContain('No space left on device');
    expect(connection.isOutage?.(failure)).toBe(true);

    rmSync(ballast);
    await (await sessionOf(connection, 'm')).commit({ operations: [large], sagas: [] });
    expect((await open(connection, 'm')).state).toBe('stored');
    await database[Symbol.asyncDispose]();
  } finally {
    disk.remove();
  }
}, 120_000);

/** Writes until there is no room. */
function fill(file: string): void {
  for (let bytes = 1_048_576; bytes >= 1_024; bytes /= 2) {
    try {
      for (;;) appendFileSync(file, Buffer.alloc(bytes, 1));
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    }
  }
}

function noise(bytes: number): Uint8Array {
  // Compressed it would fit.
  return new Uint8Array(randomBytes(bytes));
}
