import assert from 'node:assert/strict';
import { toQueue } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';

const hourMs = 60 * 60 * 1_000;

export const whenAMessageExpires = scenario(
  'when a message expires',
  {},
  {
    'should deliver what has not expired': async (t) => {
      const queue = await t.queue();
      await t.dispatch([toQueue(queue, { id: 'fresh', expiresAt: Date.now() + hourMs })]);
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt));
      await inbox.has(1);
      assert.deepEqual(inbox.ids, ['fresh']);
    },

    'should deliver or drop what has expired, and nothing else with it': async (t) => {
      const queue = await t.queue();
      const before = await t.until(t.connection.queues.list(), 'the list');
      const expiresAt = Date.now() - 1;
      await t.dispatch([
        toQueue(queue, { id: 'good-1' }),
        toQueue(queue, { id: 'stale', expiresAt }),
        toQueue(queue, { id: 'good-2' }),
      ]);
      const inbox = t.inbox();
      const fence = t.inbox();
      const receiver = await t.receive(
        queue,
        (attempt) => (attempt.headers['x-fence'] === undefined ? inbox : fence).add(attempt),
        { concurrency: 1 },
      );
      await t.send(queue, { headers: { 'x-fence': 'yes' } });
      await fence.has(1);
      await t.stop(receiver);
      assert.deepEqual(
        inbox.ids.filter((id) => id !== 'stale'),
        ['good-1', 'good-2'],
      );
      await t.expectEmpty(queue);
      // A broker that dead-letters expired messages would fill a queue that nobody reads.
      const after = await t.until(t.connection.queues.list(), 'the list');
      const stored = (queues: typeof before): number =>
        queues.reduce((sum, { ready }) => sum + ready, 0);
      assert.equal(stored(after), stored(before));
    },
  },
);
