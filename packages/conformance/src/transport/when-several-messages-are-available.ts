import assert from 'node:assert/strict';
import { scenario } from '../support/scenario.ts';
import { Occupancy } from '../support/signals.ts';

export const whenSeveralMessagesAreAvailable = scenario(
  'when several messages are available',
  { modes: 'each' },
  {
    'should handle exactly as many at once as the limit says': async (t) => {
      const queue = await t.queue();
      const inside = new Occupancy();
      const gate = t.gate();
      const ids = Array.from({ length: 20 }, (_, index) => `message-${index}`);
      await t.sendAll(queue, ids);
      const inbox = t.inbox();
      const receiver = await t.receive(
        queue,
        async (attempt) => {
          inside.enter();
          await gate.passed;
          inside.leave();
          inbox.add(attempt);
        },
        { concurrency: 10 },
      );
      await t.until(inside.entered.reaches(10), '10 handlers at once');
      assert.equal(inside.inside, 10);
      gate.open();
      await inbox.has(20);
      await t.stop(receiver);
      assert.equal(inside.most, 10);
      assert.deepEqual(inbox.ids.toSorted(), ids.toSorted());
      await t.expectEmpty(queue);
    },

    'should handle one after the other, in order, with a limit of one': async (t) => {
      const queue = await t.queue('queue', { ordered: t.capabilities.ordering !== 'none' });
      const inside = new Occupancy();
      const inbox = t.inbox();
      const ids = Array.from({ length: 12 }, (_, index) => `message-${index}`);
      for (const id of ids) await t.send(queue, { id, partitionKey: 'one' });
      await t.receive(
        queue,
        async (attempt) => {
          inside.enter();
          inbox.add(attempt);
          await Promise.resolve();
          inside.leave();
        },
        { concurrency: 1, ordered: t.capabilities.ordering !== 'none' },
      );
      await inbox.has(ids.length);
      assert.equal(inside.most, 1);
      if (t.capabilities.ordering !== 'none') assert.deepEqual(inbox.ids, ids);
    },
  },
);
