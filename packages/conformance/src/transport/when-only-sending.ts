import assert from 'node:assert/strict';
import { toQueue } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';

export const whenOnlySending = scenario(
  'when only sending',
  {},
  {
    'should dispatch and close without any receiver': async (t) => {
      const queue = await t.queue();
      const sender = await t.connect();
      await t.send(queue, { id: 'sent' }, sender);
      assert.equal(sender.health().connected, true);
      await t.until(sender.close(), 'the close');
      await t.until(sender.close(), 'a second close');
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt));
      await inbox.has(1);
      assert.deepEqual(inbox.ids, ['sent']);
    },

    'should accept an empty dispatch': async (t) => {
      assert.deepEqual(await t.connection.dispatch([]), []);
    },

    'should refuse to dispatch once it is closed': async (t) => {
      const queue = await t.queue();
      const sender = await t.connect();
      await sender.close();
      await assert.rejects(sender.dispatch([toQueue(queue)]), /TRANSPORT_UNAVAILABLE/);
      await t.expectEmpty(queue);
    },

    'should flush what was accepted before it closes': async (t) => {
      const queue = await t.queue();
      const sender = await t.connect();
      const ids = Array.from({ length: 50 }, (_, index) => `message-${index}`);
      const dispatched = sender.dispatch(ids.map((id) => toQueue(queue, { id })));
      await t.until(Promise.all([dispatched, sender.close()]), 'the dispatch and the close');
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt));
      await inbox.has(50);
      assert.deepEqual(inbox.ids.toSorted(), ids.toSorted());
    },
  },
);
