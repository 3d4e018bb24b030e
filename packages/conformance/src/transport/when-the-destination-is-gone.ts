import assert from 'node:assert/strict';
import type { DeliveryAttempt } from '@busbar/core';
import { toQueue } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';

export const whenTheDestinationIsGone = scenario(
  'when the destination is gone',
  {},
  {
    'should say so and name the queue': async (t) => {
      const missing = t.name('missing');
      const [result] = await t.until(t.connection.dispatch([toQueue(missing)]), 'the dispatch');
      assert.equal(result?.outcome, 'undeliverable');
      assert.ok(result.outcome === 'undeliverable' && result.reason.includes(missing), 'the name');
    },

    'should go on with good destinations afterwards': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt));
      await t.connection.dispatch([toQueue(t.name('missing'))]);
      await t.send(queue, { id: 'good' });
      await inbox.has(1);
      assert.deepEqual(inbox.ids, ['good']);
    },

    'should say so for a queue that was there before': async (t) => {
      const remove = t.hook('removeQueue').bind(t.harness);
      const queue = await t.queue();
      await t.send(queue);
      await remove(queue);
      const [result] = await t.until(t.connection.dispatch([toQueue(queue)]), 'the dispatch');
      assert.equal(result?.outcome, 'undeliverable');
      assert.deepEqual(await t.connection.queues.missing([queue]), [queue]);
    },

    'should not let delayed messages to it hold up the others': async (t) => {
      t.needs(t.capabilities.maxDelayMs > 0, 'the transport holds no delays');
      const remove = t.hook('removeQueue').bind(t.harness);
      const doomed = await t.queue('doomed');
      const queue = await t.queue();
      const deliverAt = Date.now() + t.sizes.shortDelayMs;
      const lost = Array.from({ length: 50 }, () => toQueue(doomed, { deliverAt }));
      await t.dispatch(lost);
      await remove(doomed);
      const ids = Array.from({ length: 10 }, (_, index) => `good-${index}`);
      await t.dispatch(ids.map((id) => toQueue(queue, { id, deliverAt: deliverAt + 1 })));
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt));
      await inbox.has(10);
      assert.deepEqual(inbox.ids.toSorted(), ids);
    },

    'should not let a receiver of it start before it is there': async (t) => {
      const queue = t.name('late');
      const inbox = t.inbox();
      const receiver = t.connection.createReceiver({
        queue,
        concurrency: 1,
        suspicionAfter: 50,
        ordered: false,
      });
      const handle = (attempt: DeliveryAttempt): void => inbox.add(attempt);
      await assert.rejects(t.start(receiver, handle), /MISSING_QUEUE/);
      await t.connection.queues.provision([{ name: queue }]);
      await t.start(receiver, handle);
      t.cleanUp(() => receiver.stop(AbortSignal.abort()));
      await t.send(queue);
      await inbox.has(1);
    },
  },
);
