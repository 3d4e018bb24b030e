import assert from 'node:assert/strict';
import { headerNames } from '@busbar/core';
import { toQueue } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';

export const whenCopiesShareAnId = scenario(
  'when copies share an id',
  {},
  {
    'should deliver a retry copy with another ordinal': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      await t.receive(
        queue,
        (attempt) => {
          inbox.add(attempt);
          if (attempt.headers[headerNames.copy] === undefined) throw new Error('on purpose');
        },
        {
          onError: async ({ headers, delivery }) => {
            headers[headerNames.copy] = '1';
            const message = { headers, body: delivery.body };
            await t.dispatch([{ message, destination: { kind: 'queue', queue } }]);
            return { action: 'settle' };
          },
        },
      );
      await t.send(queue, { id: 'same', partitionKey: 'key' });
      const { headers } = await inbox.has(2);
      assert.deepEqual(inbox.ids, ['same', 'same']);
      assert.equal(headers[headerNames.copy], '1');
    },

    'should deliver every ordinal of an ordered queue too': async (t) => {
      t.needs(t.capabilities.ordering !== 'none', 'the transport keeps no order');
      const queue = await t.queue('ordered', { ordered: true });
      const copies = ['0', '1', '2'].map((copy) =>
        toQueue(queue, { id: 'same', partitionKey: 'key', headers: { [headerNames.copy]: copy } }),
      );
      await t.dispatch(copies);
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt), { ordered: true });
      await inbox.has(3);
      assert.deepEqual(
        inbox.attempts.map(({ headers }) => headers[headerNames.copy]),
        ['0', '1', '2'],
      );
    },
  },
);
