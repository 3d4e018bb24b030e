import {
  type TransportHarness,
  modesOf,
  runScenarioTest,
  transportScenarios,
} from '@busbar/conformance';
import { MemoryBroker, memoryCapabilities, memoryTransport } from '@busbar/core';
import { expect, test } from 'vitest';
import { type ConnectionChange, alteredTransport } from './broken/altered.ts';
import type { Fault } from './broken/fault.ts';
import { dispatchFaults } from './broken/dispatch-faults.ts';
import { operatingFaults } from './broken/operating-faults.ts';
import { receiveFaults } from './broken/receive-faults.ts';

function harness(change: ConnectionChange): TransportHarness {
  const broker = new MemoryBroker();
  const transport = memoryTransport({ broker, maxBodyBytes: 1_024 * 1_024 });
  return {
    transport: alteredTransport(transport, change),
    removeQueue: async (queue) => broker.removeQueue(queue),
    injectPoison: async (queue) => broker.injectPoison(queue),
    loseHold: async (delivery) => broker.loseHold(delivery),
  };
}

function run(path: string, change: ConnectionChange, limitMs: number): Promise<void> {
  const [name, title = ''] = path.split('/');
  const scenario = transportScenarios.find((one) => one.name === name);
  const body = scenario?.tests[title];
  if (scenario === undefined || body === undefined) throw new Error(`There is no test ${path}`);
  const [mode = 'receive-only'] = modesOf(scenario, memoryCapabilities.transactionModes);
  return runScenarioTest(body, { create: () => harness(change), mode, limitMs });
}

async function expectNoticed({ path, change }: Fault & { path: string }): Promise<void> {
  // The same test with nothing broken: what fails below fails for the fault.
  await run(path, () => ({}), 10_000);
  // On a machine that is busy with other things a fault may hide behind a delay once, but not each time.
  for (let attempt = 1; attempt < attempts; attempt += 1) {
    if (await isNoticed(path, change())) return;
  }
  await expect(run(path, change(), 300)).rejects.toThrow();
}

const attempts = 4;

function isNoticed(path: string, change: ConnectionChange): Promise<boolean> {
  return run(path, change, 300).then(
    () => false,
    () => true,
  );
}

const faults = [...dispatchFaults, ...receiveFaults, ...operatingFaults];

const cases = faults.flatMap((fault) => fault.noticedBy.map((path) => ({ ...fault, path })));
/** These tests watch the whole process, so nothing may run beside them. */
const alone = cases.filter(({ path }) => path.startsWith('when-many-messages-pass'));
const together = cases.filter((one) => !alone.includes(one));

test.concurrent.each(together)('a transport that $what should be noticed by $path', expectNoticed);

test.each(alone)('a transport that $what should be noticed by $path', expectNoticed);

test('every scenario that memory can take should notice at least one fault', () => {
  const noticing = new Set(
    faults.flatMap(({ noticedBy }) => noticedBy.map((path) => path.split('/')[0])),
  );
  const blind = transportScenarios.map(({ name }) => name).filter((name) => !noticing.has(name));
  expect(blind).toEqual(['when-a-consumer-is-killed', 'when-a-message-kills-its-process']);
});
