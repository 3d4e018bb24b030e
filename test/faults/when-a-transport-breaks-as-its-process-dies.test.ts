import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TransportHarness, runScenarioTest, transportScenarios } from '@busbar/conformance';
import { sqliteTransport } from '@busbar/sqlite';
import { expect, test } from 'vitest';
import type { BrokenChild } from './broken-processes/child-transport.ts';

function harness(fault: BrokenChild['fault']): TransportHarness {
  const folder = mkdtempSync(join(tmpdir(), 'busbar-conformance-'));
  const argument: BrokenChild = { file: join(folder, 'bus.db'), leaseMs: 500, fault };
  return {
    transport: sqliteTransport({ file: argument.file, leaseMs: argument.leaseMs }),
    child: {
      module: new URL('broken-processes/child-transport.ts', import.meta.url).href,
      argument,
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

function run(path: string, fault: BrokenChild['fault'], limitMs: number): Promise<void> {
  const [name, title = ''] = path.split('/');
  const body = transportScenarios.find((scenario) => scenario.name === name)?.tests[title];
  if (body === undefined) throw new Error(`There is no test ${path}`);
  const sizes = { innocents: 8 };
  return runScenarioTest(body, {
    create: () => harness(fault),
    mode: 'receive-only',
    sizes,
    limitMs,
  });
}

const killed = 'when-a-consumer-is-killed/should deliver what it handled to another one';
const nextOfTheKey = 'when-a-consumer-is-killed/should deliver the next of the key, in order';
const killer =
  'when-a-message-kills-its-process/should end in the error queue alone, and those beside it be handled';

test.concurrent.each<{ fault: BrokenChild['fault']; path: string }>([
  { fault: 'acknowledges before the handler has ended', path: killed },
  { fault: 'hands a key on before its first message has ended', path: nextOfTheKey },
  { fault: 'blames every message that was there when a process died', path: killer },
])(
  'a process that $fault should be noticed by $path',
  async ({ fault, path }) => {
    await run(path, 'none', 10_000);
    await expect(run(path, fault, 3_000)).rejects.toThrow();
  },
  60_000,
);
