import { DatabaseSync } from 'node:sqlite';
import { beforeAll, expect, test, vi } from 'vitest';
import { buildExamples } from '../../support/build-examples.ts';
import { Demo, isAlive, orderLine, ordersFile, tableIn } from './demo.ts';

const services = ['sales', 'billing', 'shipping', 'web'];
const limitMs = 60_000;

// Most of the time is spent waiting for delayed retries, so all of them run at once.
beforeAll(buildExamples, 120_000);

test.concurrent(
  'orders that an event without subscriber leaves behind should be LOST, and the exit code 1',
  async () => {
    await using demo = new Demo(['--without', 'ShippingSaga', '--patience', '15']);
    const { code, stdout, stderr } = await demo.ended;
    const table = tableIn(stdout);
    expect(table.match(/^R-\d+ .* LOST {6}.*billed, then nothing$/gm)).toHaveLength(221);
    expect(table.match(/^R-\d+ .* LOST {6}placed, then nothing$/gm)).toHaveLength(7);
    expect(table).toContain('\n 12 rejected   into the error queue by sales (9), billing (3)\n');
    expect(table).toContain('\n228 LOST       no outcome\n');
    expect(table).not.toContain('shipped');
    expect(stderr).toBe('Nothing was heard for 15 s.\n');
    expect(code).toBe(1);
  },
  limitMs,
);

test.concurrent(
  'a command without handler should be in the error queue for that reason, and the exit code 1',
  async () => {
    using orders = ordersFile([orderLine('A-1'), orderLine('A-2', { quote: true })]);
    await using demo = new Demo(['--without', 'PlaceOrderHandler', '--orders', orders.file]);
    const { code, stdout } = await demo.ended;
    const table = tableIn(stdout);
    const reason = 'error queue, from sales: Endpoint "sales" has no handler for Sales.PlaceOrder';
    expect(table).toMatch(new RegExp(`^A-1 .* failed   ${reason}`, 'm'));
    expect(table).toMatch(/^A-2 .* failed {3}quoted first; error queue, from sales: /m);
    expect(table).toContain('2 failed     into the error queue by sales (2)\n0 LOST');
    expect(code).toBe(1);
  },
  limitMs,
);

test.concurrent(
  'nothing should be lost when every service is killed once',
  async () => {
    await using demo = new Demo();
    await demo.printed(/^\d+ of 240 orders placed/m);
    const pids = await Promise.all(services.map((service) => demo.pidOf(service)));
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    const { code, stdout, stderr } = await demo.ended;
    expect(stderr.trimEnd().split('\n').sort()).toEqual(
      services
        .map(
          (name, index) =>
            `${name} (pid ${pids[index]}) ended with SIGKILL and is started again (1 of 3).`,
        )
        .sort(),
    );
    const table = tableIn(stdout);
    expect(table).toContain('\n222 shipped ');
    expect(table).toContain('\n  6 cancelled ');
    expect(table).toContain(
      '\n 12 rejected   into the error queue by sales (9), billing (3)\n  0 LOST\n',
    );
    expect(code).toBe(0);
  },
  limitMs,
);

test.concurrent(
  'a service that dies again and again should be given up in the end',
  async () => {
    await using demo = new Demo();
    let pid = 0;
    for (const nth of [1, 2, 3, 4]) {
      pid = await demo.pidOf('billing', nth);
      process.kill(pid, 'SIGKILL');
    }
    const { code, stdout, stderr } = await demo.ended;
    expect(stderr).toContain(
      `billing (pid ${pid}) ended with SIGKILL, as it did 3 times before; see `,
    );
    expect(tableIn(stdout)).toMatch(/^ *\d+ LOST {7}no outcome$/m);
    expect(code).toBe(1);
  },
  limitMs,
);

test.concurrent(
  'a bill that is in the books twice should be a DUPLICATE, and the exit code 1',
  async () => {
    using orders = ordersFile([
      orderLine('A-1'),
      orderLine('A-2', { lines: [{ sku: 'KAYAK', quantity: 1 }], reminder: 2, deadline: 4 }),
    ]);
    await using demo = new Demo(['--orders', orders.file]);
    await demo.printed(/, 2 billed/);
    const file = new DatabaseSync(await demo.file(), { timeout: 10_000 });
    file.exec("INSERT INTO billing_bills (order_id, amount) VALUES ('A-1', 3900)");
    file.close();
    const { code, stdout } = await demo.ended;
    const table = tableIn(stdout);
    expect(table).toMatch(/^A-1 .* DUPLICATE  in the books: bills 2, parcels 1$/m);
    expect(table).toContain('1 cancelled  1 not packed in time\n1 DUPLICATE  more than one');
    expect(code).toBe(1);
  },
  limitMs,
);

test.concurrent(
  'a shipping that is killed should go on with the orders that were waiting',
  async () => {
    using orders = ordersFile([orderLine('A-1', { payment: 'tok_invoice', reminder: 3 })]);
    await using demo = new Demo(['--orders', orders.file]);
    await demo.printed(/^1 of 1 orders placed/m);
    process.kill(await demo.pidOf('shipping'), 'SIGKILL');
    const { code, stdout, stderr } = await demo.ended;
    expect(stderr).toMatch(/^shipping .* is started again \(1 of 3\)\.\n$/);
    expect(tableIn(stdout)).toMatch(/^A-1 .* shipped {2}reminded$/m);
    expect(code).toBe(0);
  },
  limitMs,
);

test.concurrent(
  'two instances of each service should share the work, and nothing happen twice',
  async () => {
    await using demo = new Demo(['--instances', '2']);
    for (const service of services) await demo.pidOf(service, 2);
    const { code, stdout, stderr } = await demo.ended;
    expect(stderr).toBe('');
    const table = tableIn(stdout);
    expect(table).toContain('\n222 shipped ');
    expect(table).toContain('\n  6 cancelled ');
    expect(table).not.toContain('DUPLICATE');
    expect(code).toBe(0);
  },
  limitMs,
);

test.concurrent.each<{ signal: NodeJS.Signals; code: number | null }>([
  { signal: 'SIGINT', code: 130 },
  { signal: 'SIGKILL', code: null },
])(
  'no service should be left behind by $signal',
  async ({ signal, code }) => {
    await using demo = new Demo();
    const pids = await Promise.all(services.map((service) => demo.pidOf(service)));
    demo.kill(signal);
    const ended = await demo.ended;
    expect(ended.code).toBe(code);
    if (code !== null) expect(ended.stderr).toMatch(/^Interrupted: \d+ of 240 orders placed.*\n$/);
    // Nothing tells when a process that is not ours has ended, so this asks.
    const asked = { timeout: 20_000, interval: 50 };
    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), asked);
  },
  limitMs,
);
