import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  MemoryBroker,
  type Transport,
  type TransportConnection,
  memoryTransport,
  silentLogger,
  systemClock,
} from '@busbar/core';
import { sqliteTransport } from '@busbar/sqlite';
import type { BadInputBroker, BadInputTarget } from './bad-input-target.ts';
import { smallLimitBytes } from './bodies.ts';
import type { InputCase } from './input-case.ts';
import { rowCases, writeRows } from './raw-rows.ts';
import { wireCases } from './wire-cases.ts';

/** Others may write what this endpoint could not: their limit is higher. */
const memory: BadInputTarget = {
  name: 'memory',
  keepsOrder: true,
  cases: wireCases(),
  open: async () => {
    const broker = new MemoryBroker();
    const foreign = await connectForeign(memoryTransport({ broker }));
    return {
      transport: memoryTransport({ broker, maxBodyBytes: smallLimitBytes }),
      put: (queue, cases) => dispatch(foreign, queue, cases),
      close: () => foreign.close(),
    };
  },
};

const sqlite: BadInputTarget = {
  name: 'sqlite',
  keepsOrder: true,
  cases: wireCases(),
  open: async () => {
    const { transport, remove } = await sqliteFile();
    const foreign = await connectForeign(transport);
    return {
      transport,
      put: (queue, cases) => dispatch(foreign, queue, cases),
      close: async () => {
        await foreign.close();
        await remove();
      },
    };
  },
};

/** Rows as a tool writes them that knows the tables and not the rules. */
export const sqliteRows: BadInputTarget = {
  name: 'sqlite, by hand-made rows',
  keepsOrder: false,
  cases: rowCases,
  open: async (): Promise<BadInputBroker> => {
    const { transport, file, remove } = await sqliteFile();
    return {
      transport,
      put: async (queue, cases) => writeRows(file, queue, cases),
      close: remove,
    };
  },
};

export const targets: readonly BadInputTarget[] = [memory, sqlite];

async function sqliteFile(): Promise<{
  readonly transport: Transport;
  readonly file: string;
  readonly remove: () => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'busbar-bad-input-'));
  const file = join(folder, 'bus.db');
  return {
    transport: sqliteTransport({ file, durability: 'normal', pollMs: 5 }),
    file,
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Somebody else on the same broker. */
export function connectForeign(transport: Transport): Promise<TransportConnection> {
  return transport.connect({
    endpoint: 'foreign',
    instance: 'foreign',
    clock: systemClock,
    logger: silentLogger,
    onCritical: () => {},
  });
}

/** Sends the cases as they are. */
export async function dispatch(
  connection: TransportConnection,
  queue: string,
  cases: readonly InputCase[],
): Promise<readonly (string | undefined)[]> {
  const results = await connection.dispatch(
    cases.map(({ headers, body }) => ({
      message: { headers, body },
      destination: { kind: 'queue', queue },
    })),
  );
  return results.map((result) => {
    if (result.outcome !== 'confirmed') throw new Error(`A case was refused: ${result.reason}`);
    return result.nativeId;
  });
}
