import assert from 'node:assert/strict';
import { ChildConsumer } from '../support/child-consumer.ts';
import { toQueue } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';

export const whenAConsumerIsKilled = scenario(
  'when a consumer is killed',
  {},
  {
    'should deliver what it handled to another one': async (t) => {
      const queue = await t.queue();
      const child = ChildConsumer.start(t, {
        queue,
        concurrency: 3,
        suspicionAfter: 50,
        handler: 'hang',
      });
      await t.dispatch([
        toQueue(queue, { id: 'one', body: 'the body', headers: { 'x-custom': 'value' } }),
        toQueue(queue, { id: 'two' }),
      ]);
      await t.until(
        Promise.all([child.reports('handling', 'one'), child.reports('handling', 'two')]),
        'the child to handle both messages',
      );
      // By the time that the third arrives, a child that settles too early has settled the others.
      await t.send(queue, { id: 'three' });
      await t.until(child.reports('handling', 'three'), 'the child to handle the third');
      await t.until(child.kill(), 'the child to die');
      const inbox = t.inbox();
      const receiver = await t.receive(queue, (attempt) => inbox.add(attempt));
      await inbox.has(3);
      await t.stop(receiver);
      assert.deepEqual(inbox.ids.toSorted(), ['one', 'three', 'two']);
      const one = inbox.attempts[inbox.ids.indexOf('one')];
      assert.equal(one?.headers['x-custom'], 'value');
      assert.equal(new TextDecoder().decode(one.delivery.body), 'the body');
      if (t.capabilities.deliveryCount) {
        assert.ok(one.delivery.deliveryCount >= 2, `delivery ${one.delivery.deliveryCount}`);
      }
      assert.equal(one.delivery.diedAlone, false, 'it was not alone, so it is not to blame');
      await t.expectEmpty(queue);
    },

    'should deliver the next of the key, in order': async (t) => {
      const ordered = t.capabilities.ordering !== 'none';
      const queue = await t.queue('queue', { ordered });
      const child = ChildConsumer.start(t, {
        queue,
        ordered,
        concurrency: 4,
        suspicionAfter: 50,
        handler: 'hang',
      });
      await t.dispatch(
        ['one', 'two', 'three'].map((id) => toQueue(queue, { id, partitionKey: 'key' })),
      );
      await t.until(child.reports('handling', 'one'), 'the child to handle the first');
      // By the time that another key arrives, a child that hands a key on too early has done so.
      await t.send(queue, { id: 'beside', partitionKey: 'other' });
      await t.until(child.reports('handling', 'beside'), 'the child to handle another key');
      await t.until(child.kill(), 'the child to die');
      assert.deepEqual(child.ids('handling'), ['one', 'beside']);
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt), { ordered });
      await inbox.has(4);
      const keyed = inbox.ids.filter((id) => id !== 'beside');
      if (ordered) assert.deepEqual(keyed, ['one', 'two', 'three']);
      else assert.deepEqual(keyed.toSorted(), ['one', 'three', 'two']);
    },
  },
);
