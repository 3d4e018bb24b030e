import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Transport, asError, transportFrom } from '@busbar/core';
import { openPostgres } from '../database/open-database.ts';
import { CannotRun } from './cannot-run.ts';

/** What is new for each run, so that runs know nothing of each other. */
export interface DemoRun {
  /** Before all names on the broker. */
  readonly name: string;
  /** The environment of the services. */
  readonly env: NodeJS.ProcessEnv;
  readonly transport: Transport;
  /** Logs, and the SQLite files unless messages and data go elsewhere. */
  readonly folder: string;
  /** Where a service keeps its data. */
  readonly databaseOf: (service: string) => string;
}

/**
 * @param broker The URL of a broker that was found or started for the demo.
 * @throws CannotRun, BusbarError
 */
export async function startRun(
  without: string | undefined,
  broker: string | undefined,
): Promise<DemoRun> {
  const name = `retail-${randomBytes(4).toString('hex')}`;
  const folder = path.join(tmpdir(), `busbar-${name}`);
  const url =
    broker ?? process.env['BUSBAR_TRANSPORT'] ?? sqliteUrl(path.join(folder, 'retail.db'));
  const transport = await transportFrom(url).load();
  if (transport.capabilities.competingConsumers === 'process') {
    throw new CannotRun(
      `${transport.address} does not leave its process, and the services are four; leave BUSBAR_TRANSPORT empty, or name a broker.`,
    );
  }
  const database = process.env['BUSBAR_DATABASE'] ?? (url.startsWith('sqlite:') ? url : undefined);
  if (database !== undefined) await checkDatabase(database, name);
  mkdirSync(folder);
  return {
    name,
    env: {
      ...process.env,
      BUSBAR_TRANSPORT: url,
      BUSBAR_DEMO_RUN: name,
      BUSBAR_DEMO_WITHOUT: without,
    },
    transport,
    folder,
    databaseOf: (service) => database ?? sqliteUrl(path.join(folder, `${service}.db`)),
  };
}

async function checkDatabase(url: string, run: string): Promise<void> {
  if (url.startsWith('sqlite:')) return;
  if (!isPostgres(url)) {
    throw new CannotRun(`BUSBAR_DATABASE is "${url}"; write postgres://… or sqlite:FILE.`);
  }
  const database = await openPostgres(url, run);
  try {
    await database.prepare([]);
  } catch (error) {
    throw new CannotRun(`The database cannot be used: ${reasonOf(error)}.`);
  } finally {
    await database.close();
  }
}

export function isPostgres(url: string): boolean {
  return /^postgres(ql)?:/.test(url);
}

/** What several addresses of one host refused has no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return asError(error).message;
}

/** The files of a demo need not survive a power loss, only the death of any process. */
function sqliteUrl(file: string): string {
  return `sqlite:${file.replaceAll(/[%?#]/g, encodeURIComponent)}?durability=normal`;
}
