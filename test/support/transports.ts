import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Clock,
  type Duration,
  MemoryBroker,
  memoryTransport,
  systemClock,
} from '@busbar/core';
import { sqliteTransport } from '@busbar/sqlite';
import { type Harness, VirtualClock, createHarness } from '@busbar/testing';
import { receiveOnly } from './receive-only.ts';

/** A transport that can be had without any set-up, for scenarios in which the transport matters. */
export interface AvailableTransport {
  readonly name: string;
  /** Whether what a handler sent leaves together with settling its message, or not at all. */
  readonly atomic: boolean;
  /** Endpoints on a broker of their own; dispose it. */
  harness(): Promise<Harness<Clock>>;
}

export const transports: readonly AvailableTransport[] = [
  {
    name: 'memory',
    atomic: true,
    harness: async () => createHarness<Clock>({ clock: new VirtualClock() }),
  },
  { name: 'memory, receive-only', atomic: false, harness: async () => receiveOnlyHarness() },
  { name: 'sqlite', atomic: true, harness: sqliteHarness },
];

function receiveOnlyHarness(): Harness<Clock> {
  const transport = receiveOnly(memoryTransport({ broker: new MemoryBroker() }));
  return createHarness<Clock>({ transport, clock: new VirtualClock() });
}

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
