import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildExamples } from '../../support/build-examples.ts';
import { Demo, orderLine, ordersFile, tableIn } from './demo.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'busbar-bad-input-'));
const empty = ordersFile([]);
const broken = ordersFile(['{"orderId":']);

beforeAll(buildExamples, 120_000);
afterAll(() => {
  empty[Symbol.dispose]();
  broken[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

test.concurrent('a malformed line should be named with its number, and the orders beside it be processed', async () => {
  using orders = ordersFile([
    orderLine('A-1'),
    '{"orderId":"A-2","customer":',
    '',
    orderLine('A-3', { lines: [{ sku: 'KNIFE', quantity: 'two' }] }),
    orderLine('A-4', { lines: [{ sku: 'KNIFE', quantity: -2 }] }),
    orderLine('A-1'),
    '"A-5"',
    orderLine('A-6', { payment: 'tok_timeout' }),
  ]);
  await using demo = new Demo(['--orders', orders.file]);
  const { code, stdout, stderr } = await demo.ended;
  expect(stderr.trimEnd().split('\n')).toEqual([
    `${orders.file}:2: not JSON: {"orderId":"A-2","customer":`,
    `${orders.file}:4: lines.0.quantity: Invalid input: expected number, received string`,
    `${orders.file}:6: order A-1 is on line 1 too`,
    `${orders.file}:7: Invalid input: expected object, received string`,
  ]);
  expect(tableIn(stdout)).toBe(`\
order  customer  total  outcome   what happened
A-1    Ada Berg  39.00  shipped
A-4    Ada Berg      -  rejected  error queue, from sales: quantity -2 of KNIFE
A-6    Ada Berg  39.00  shipped   billing healed by an immediate retry

3 orders
2 shipped    1 at once, 1 after an immediate retry, 0 after a delayed retry
1 rejected   into the error queue by sales (1)
0 LOST
4 lines of the file are malformed, see above
`);
  expect(code).toBe(1);
}, 60_000);

const sales = 'sqlite:sales.db';
test.concurrent.each<{
  what: string;
  args: string[];
  url?: string;
  env?: Record<string, string>;
  says: RegExp;
}>([
  {
    what: 'a file that is not there',
    args: ['--orders', path.join(folder, 'no.jsonl')],
    says: /^The orders file \S+no\.jsonl cannot be read: there is no such file\.$/,
  },
  {
    what: 'a directory',
    args: ['--orders', folder],
    says: /^The orders file \S+ cannot be read: it is a directory\.$/,
  },
  { what: 'an empty file', args: ['--orders', empty.file], says: /^\S+orders\.jsonl is empty\.$/ },
  {
    what: 'a file without any order',
    args: ['--orders', broken.file],
    says: /^\S+:1: not JSON: \{"orderId":\n\S+ holds no order that can be read\.$/,
  },
  { what: 'no file name', args: ['--orders'], says: /^Option '--orders <value>' argument missing/ },
  { what: 'an unknown option', args: ['--order', 'x'], says: /^Unknown option '--order'\. --help/ },
  {
    what: 'no number',
    args: ['--patience', 'long'],
    says: /^--patience is "long"; write a number/,
  },
  {
    what: 'no number of instances',
    args: ['--instances', 'many'],
    says: /^--instances is "many"; write a number from 1 to 8\.$/,
  },
  {
    what: 'an unknown database',
    args: [],
    env: { BUSBAR_DATABASE: 'mysql://localhost' },
    says: /^BUSBAR_DATABASE is "mysql:\/\/localhost"; write postgres:\/\/… or sqlite:FILE\.$/,
  },
  {
    what: 'a database that cannot be reached',
    args: [],
    env: { BUSBAR_DATABASE: 'postgres://127.0.0.1:1/shop' },
    says: /^The database cannot be used: connect ECONNREFUSED 127\.0\.0\.1:1\.$/,
  },
  {
    what: 'an unknown transport',
    args: [],
    url: 'pigeon://loft',
    says: /^No transport has the scheme "pigeon:"\. Write one of: .* \[UNKNOWN_TRANSPORT\]$/,
  },
  {
    what: 'a transport that cannot be reached',
    args: [],
    url: `sqlite:${import.meta.filename}/${sales}`,
    says: /^The file \S+ cannot be opened .* \[TRANSPORT_UNAVAILABLE\]$/,
  },
  {
    what: 'a RabbitMQ that cannot be reached',
    args: [],
    url: 'amqp://127.0.0.1:1?connectTimeoutMs=500',
    says: /^RabbitMQ was not reached within 0\.5 s: amqp:\/\/127\.0\.0\.1:1 could not be reached: connect ECONNREFUSED 127\.0\.0\.1:1\. Start the broker, .* \[TRANSPORT_UNAVAILABLE\]$/,
  },
  {
    what: 'an unknown broker',
    args: ['--broker', 'pigeon'],
    says: /^--broker is "pigeon"; it can be rabbitmq, sqs, servicebus\.$/,
  },
  {
    what: 'a broker and a transport',
    args: ['--broker', 'rabbitmq'],
    url: 'sqlite:a.db',
    says: /^--broker and BUSBAR_TRANSPORT are both given; leave one away\.$/,
  },
  {
    what: 'a transport that reaches no other process',
    args: [],
    url: 'memory:',
    says: /^memory: does not leave its process, and the services are four; .*$/,
  },
])(
  '$what should be one clear line, and the exit code 2',
  async ({ args, url, env, says }) => {
    await using demo = new Demo(args, url === undefined ? env : { BUSBAR_TRANSPORT: url });
    const { code, stdout, stderr } = await demo.ended;
    expect(stderr.trimEnd()).toMatch(says);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  },
  60_000,
);
