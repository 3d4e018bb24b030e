import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildExamples } from '../../support/build-examples.ts';
import { Demo, orderLine, ordersFile } from './demo.ts';
import { ShopPage } from './shop-page.ts';

const limitMs = 60_000;
const orders = ordersFile([orderLine('A-1')]);
const kayak = { lines: [{ sku: 'KAYAK', quantity: 1 }] };
let demo: Demo;
let shop: ShopPage;

beforeAll(async () => {
  buildExamples();
  demo = new Demo(['--serve', '--orders', orders.file]);
  await demo.printed(/The shop stays open/);
  shop = new ShopPage(await demo.page());
}, 180_000);

afterAll(async () => {
  await demo[Symbol.asyncDispose]();
  orders[Symbol.dispose]();
});

test.concurrent(
  'an order should be accepted with 202 and its states be told until it is shipped',
  async () => {
    const answer = await shop.order('H-1');
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe('/orders/H-1');
    const states = await shop.allStates('H-1');
    const [first, second, ...others] = states.map(({ state }) => state);
    expect([first, second]).toEqual(['Accepted', 'Placed']);
    // Billing and packing go on side by side.
    expect(others.slice(0, 2).sort()).toEqual(['Billed', 'Packed']);
    expect(others.slice(2)).toEqual(['Shipping…', 'Shipped']);
    expect(states.at(-1)?.note).toBe('parcel DE-H-1');
    const view = await (await shop.get('/orders/H-1')).json();
    expect(view).toMatchObject({ orderId: 'H-1', state: 'Shipped', over: true });
  },
  limitMs,
);

test.concurrent(
  'an order that the business refuses should be accepted first, and rejected with the reason',
  async () => {
    expect((await shop.order('H-2', { payment: 'tok_declined' })).status).toBe(202);
    const states = await shop.allStates('H-2');
    expect(states[0]).toEqual({ state: 'Accepted' });
    expect(states.at(-1)).toEqual({ state: 'Rejected', note: 'the card was declined' });
  },
  limitMs,
);

test.concurrent('an order that is none should get 400 and what is wrong with it', async () => {
  const answer = await shop.order('H-3', { country: 'Germany', lines: [{ sku: 'KNIFE' }] });
  expect(answer.status).toBe(400);
  const { issues } = (await answer.json()) as { issues: { path: (string | number)[] }[] };
  expect(issues.map(({ path }) => path.join('.'))).toEqual(['country', 'lines.0.quantity']);
  expect((await shop.post('/orders', '{"orderId":')).status).toBe(400);
  expect((await shop.get('/orders/H-3')).status).toBe(404);
  expect((await shop.post('/orders/H-3/cancel', '{}')).status).toBe(404);
  expect((await shop.get('/orders/H-3/events')).status).toBe(404);
});

test.concurrent(
  'an order that is posted several times should be one order, and another one with its id refused',
  async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => shop.order('H-4')));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
    expect(new Set(answers.map(({ headers }) => headers.get('location')))).toEqual(
      new Set(['/orders/H-4']),
    );
    expect((await shop.allStates('H-4')).at(-1)?.state).toBe('Shipped');
    expect((await shop.order('H-4')).status).toBe(202);
    expect((await shop.order('H-4', { customer: 'Eve' })).status).toBe(409);
    const file = new DatabaseSync(await demo.file(), { readOnly: true, timeout: 10_000 });
    const bills = file.prepare("SELECT amount FROM billing_bills WHERE order_id = 'H-4'").all();
    file.close();
    expect(bills).toHaveLength(1);
  },
  limitMs,
);

test.concurrent(
  'a cancellation should be "Stopping…" until the system confirms it',
  async () => {
    await shop.order('H-5', kayak);
    const states = [];
    for await (const { state, note } of shop.states('H-5')) {
      states.push(note === undefined ? state : `${state}: ${note}`);
      if (state === 'Billed')
        expect((await shop.post('/orders/H-5/cancel', '{}')).status).toBe(202);
    }
    expect(states.slice(-2)).toEqual(['Stopping…', 'Cancelled: by the customer']);
  },
  limitMs,
);

test.concurrent(
  'a cancellation that comes too late should be "Stopping…" until the system says so',
  async () => {
    await shop.order('H-6');
    expect((await shop.allStates('H-6')).at(-1)?.state).toBe('Shipped');
    expect((await shop.post('/orders/H-6/cancel', '{}')).status).toBe(202);
    const states = await shop.allStates('H-6');
    expect(states.slice(-3)).toEqual([
      { state: 'Stopping…' },
      { state: 'Too late', note: 'it is on its way' },
      { state: 'Shipped', note: 'parcel DE-H-6' },
    ]);
    const view = await (await shop.get('/orders/H-6')).json();
    expect(view).toMatchObject({ state: 'Shipped' });
  },
  limitMs,
);

test.concurrent(
  'a reminder and the deadline should be told, too',
  async () => {
    await shop.order('H-7', { ...kayak, reminder: 0.5, deadline: 1 });
    const states = await shop.allStates('H-7');
    expect(states.slice(-2)).toEqual([
      { state: 'Reminded', note: expect.stringMatching(/^of the p/) },
      { state: 'Cancelled', note: expect.stringMatching(/^not pa\w+ in time$/) },
    ]);
  },
  limitMs,
);

test.concurrent('the page should be there, without a build', async () => {
  const answer = await shop.get('/');
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(await answer.text()).toContain('<button id="cancel">Cancel</button>');
});

test(
  'the shop should close at Ctrl-C, with the result of its orders',
  async () => {
    await using other = new Demo(['--serve', '--orders', orders.file]);
    await other.printed(/The shop stays open/);
    other.kill('SIGINT');
    const { code, stdout } = await other.ended;
    expect(stdout).toContain('\n1 shipped ');
    expect(code).toBe(0);
  },
  limitMs,
);
