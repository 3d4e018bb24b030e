import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildExamples } from '../../support/build-examples.ts';
import {
  namespaceForTests,
  needsOurEmulator,
} from '../../support/service-bus/namespace-for-tests.ts';
import { Demo, example, ordersFile, tableIn } from './demo.ts';

const expected = readFileSync(path.join(example, 'expected-output.txt'), 'utf8');

beforeAll(buildExamples, 120_000);

test('the demo should print the same table on Azure Service Bus, and leave no queue behind', async (context) => {
  const { options, emulated } = await namespaceForTests();
  if (emulated === undefined) return context.skip(needsOurEmulator);
  const url = `sb:${options.connectionString ?? ''}`;
  await using demo = new Demo([], { BUSBAR_TRANSPORT: url });
  const { code, stdout, stderr } = await demo.ended;
  expect(stderr).toBe('');
  expect(tableIn(stdout)).toBe(expected);
  expect(code).toBe(0);
  const entities = emulated.control.entities();
  // Topics stay, as others may know them; reply queues disappear when nobody has used them for a day.
  expect(entities.filter((name) => name.includes('/'))).toEqual([]);
  expect(
    entities.filter((name) => !/\.replies\.|(?:Sales|Billing|Shipping|HeadOffice)\./.test(name)),
  ).toEqual([]);
}, 90_000);

test('the demo should start the emulator by itself', async () => {
  const all = readFileSync(path.join(example, 'orders.jsonl'), 'utf8').split('\n');
  using few = ordersFile(all.slice(0, 5));
  await using demo = new Demo(['--broker', 'servicebus', '--orders', few.file]);
  const { code, stdout, stderr } = await demo.ended;
  expect(stderr).toMatch(/An emulator of Azure Service Bus was started, on port \d+\./);
  expect(stdout).toMatch(/^5 orders$/m);
  expect(stdout).toMatch(/^ *0 LOST$/m);
  expect(code).toBe(0);
}, 60_000);
