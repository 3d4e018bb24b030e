import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Transport, transportFrom } from '@busbar/core';
import { CannotRun } from './cannot-run.ts';

/** What is new for each run, so that runs know nothing of each other. */
export interface DemoRun {
  /** Before all names on the broker. */
  readonly name: string;
  /** The environment of the services. */
  readonly env: NodeJS.ProcessEnv;
  readonly transport: Transport;
  /** Logs, and the SQLite file unless the messages go elsewhere. */
  readonly folder: string;
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
      `${transport.address} does not leave its process, and the services are three; leave BUSBAR_TRANSPORT empty, or name a broker.`,
    );
  }
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
  };
}

function sqliteUrl(file: string): string {
  return `sqlite:${file.replaceAll(/[%?#]/g, encodeURIComponent)}`;
}
