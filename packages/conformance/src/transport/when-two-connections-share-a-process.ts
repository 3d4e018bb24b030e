import assert from 'node:assert/strict';
import { toQueue, toTopics } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';

export const whenTwoConnectionsShareAProcess = scenario(
  'when two connections share a process',
  {},
  {
    'should let them reach each other': async (t) => {
      const [sales, billing] = [await t.connect(), await t.connect()];
      const [salesQueue, billingQueue] = [t.name('sales'), t.name('billing')];
      await sales.queues.provision([{ name: salesQueue }]);
      await billing.queues.provision([{ name: billingQueue }]);
      const topic = t.name('topic');
      await billing.subscriptions.subscribe(billingQueue, [topic]);
      const inbox = t.inbox();
      await t.receive(
        billingQueue,
        async () => {
          await t.dispatch([toQueue(salesQueue, { id: 'reply' })], billing);
        },
        { connection: billing },
      );
      await t.receive(salesQueue, (attempt) => inbox.add(attempt), { connection: sales });
      await t.dispatch([toTopics([topic])], sales);
      await inbox.has(1);
      assert.deepEqual(inbox.ids, ['reply']);
    },

    'should leave one alone when the other closes': async (t) => {
      const [first, second] = [await t.connect(), await t.connect()];
      const queue = await t.queue();
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt), { connection: first });
      await t.until(second.close(), 'the close');
      await t.send(queue, {}, first);
      await inbox.has(1);
      assert.equal(first.health().connected, true);
    },
  },
);
