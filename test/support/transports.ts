import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, type Duration, systemClock } from '@busbar/core';
import { sqliteTransport } from '@busbar/sqlite';
import { type Harness, VirtualClock, createHarness } from '@busbar/testing';

/** A transport that can be had without any set-up, for scenarios in which the transport matters. */
export interface AvailableTransport {
  readonly name: string;
  /** Endpoints on a broker of their own; dispose it. */
  harness(): Promise<Harness<Clock>>;
}

export const transports: readonly AvailableTransport[] = [
  { name: 'memory', harness: async () => createHarness<Clock>({ clock: new VirtualClock() }) },
  { name: 'sqlite', harness: sqliteHarness },
];

async function sqliteHarness(): Promise<Harness<Clock>> {
  const folder = await mkdtemp(join(tmpdir(), 'busbar-acceptance-'));
  const file = join(folder, 'bus.db');
  const transport = sqliteTransport({ file, durability: 'normal', pollMs: 20 });
  const harness = createHarness({ transport, clock: systemClock, limit: '15s' });
  return Object.assign(harness, {
    async [Symbol.asyncDispose](): Promise<void> {
      await harness.stop();
      await rm(folder, { recursive: true, force: true });
    },
  });
}

/** Lets the time pass on a virtual clock, and waits on a real one, until the condition holds. */
export async function eventually(
  harness: Harness<Clock>,
  by: Duration,
  condition: () => boolean,
): Promise<void> {
  if (harness.clock instanceof VirtualClock) await harness.advance(by);
  await harness.until(condition);
}
