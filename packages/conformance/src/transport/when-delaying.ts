import assert from 'node:assert/strict';
import { toQueue } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';

const hourMs = 60 * 60 * 1_000;

export const whenDelaying = scenario(
  'when delaying',
  {
    inapplicable: ({ maxDelayMs }) =>
      maxDelayMs === 0 ? 'the transport holds no delays' : undefined,
  },
  {
    'should deliver when it is due and not before': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const arrivals: number[] = [];
      await t.receive(queue, (attempt) => {
        arrivals.push(Date.now());
        inbox.add(attempt);
      });
      const deliverAt = Date.now() + t.sizes.shortDelayMs;
      await t.dispatch([
        toQueue(queue, {
          id: 'delayed',
          deliverAt,
          headers: { 'x-custom': 'value' },
          body: 'body',
        }),
      ]);
      const { headers, delivery } = await inbox.has(1);
      const [arrival = 0] = arrivals;
      assert.ok(arrival >= deliverAt, `delivered ${deliverAt - arrival} ms early`);
      assert.equal(headers['x-custom'], 'value');
      assert.equal(new TextDecoder().decode(delivery.body), 'body');
    },

    'should keep a message with a long delay while others pass': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const deliverAt = Date.now() + Math.min(hourMs, t.capabilities.maxDelayMs / 2);
      const receiver = await t.receive(queue, (attempt) => inbox.add(attempt));
      await t.dispatch([
        toQueue(queue, { id: 'long', deliverAt }),
        toQueue(queue, { id: 'short', deliverAt: Date.now() + t.sizes.shortDelayMs }),
        toQueue(queue, { id: 'now' }),
      ]);
      await inbox.has(2);
      await t.stop(receiver);
      assert.deepEqual([...inbox.ids].sort(), ['now', 'short']);
    },

    'should deliver in the order in which messages are due': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const first = Date.now() + t.sizes.shortDelayMs;
      const step = Math.max(20, t.capabilities.delayResolutionMs);
      await t.receive(queue, (attempt) => inbox.add(attempt), { concurrency: 1 });
      await t.dispatch([
        toQueue(queue, { id: 'third', deliverAt: first + 2 * step }),
        toQueue(queue, { id: 'first', deliverAt: first }),
        toQueue(queue, { id: 'second', deliverAt: first + step }),
      ]);
      await inbox.has(3);
      assert.deepEqual(inbox.ids, ['first', 'second', 'third']);
    },

    'should deliver at once what was due already': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt));
      await t.dispatch([toQueue(queue, { id: 'past', deliverAt: Date.now() - hourMs })]);
      await inbox.has(1);
    },

    'should deliver though the sender has gone': async (t) => {
      const queue = await t.queue();
      const sender = await t.connect();
      const deliverAt = Date.now() + t.sizes.shortDelayMs;
      await t.dispatch([toQueue(queue, { id: 'orphan', deliverAt })], sender);
      await t.until(sender.close(), 'the close');
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt));
      await inbox.has(1);
      assert.deepEqual(inbox.ids, ['orphan']);
    },

    'should refuse a delay beyond the longest, for that operation alone': async (t) => {
      const queue = await t.queue();
      const deliverAt = Date.now() + t.capabilities.maxDelayMs + hourMs;
      const dispatching = t.connection.dispatch([
        toQueue(queue, { id: 'too-long', deliverAt }),
        toQueue(queue, { id: 'good' }),
      ]);
      const results = await t.until(dispatching, 'the dispatch');
      assert.deepEqual(
        results.map(({ outcome }) => outcome),
        ['undeliverable', 'confirmed'],
      );
      const inbox = t.inbox();
      const receiver = await t.receive(queue, (attempt) => inbox.add(attempt));
      await inbox.has(1);
      await t.stop(receiver);
      assert.deepEqual(inbox.ids, ['good']);
    },
  },
);
