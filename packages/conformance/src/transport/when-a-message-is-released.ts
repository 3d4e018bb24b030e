import assert from 'node:assert/strict';
import { scenario } from '../support/scenario.ts';

export const whenAMessageIsReleased = scenario(
  'when a message is released',
  { modes: 'each' },
  {
    'should come again with a fresh count of failures': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const receiver = await t.receive(
        queue,
        (attempt) => {
          inbox.add(attempt);
          if (inbox.attempts.length < 3) throw new Error('on purpose');
        },
        { onError: async () => ({ action: 'release' }) },
      );
      await t.send(queue, { id: 'released', headers: { 'x-custom': 'value' } });
      const { failures, headers } = await inbox.has(3);
      assert.equal(failures, 0);
      assert.equal(headers['x-custom'], 'value');
      await t.stop(receiver);
      await t.expectEmpty(queue);
    },

    'should come again with an increased delivery count': async (t) => {
      t.needs(t.capabilities.deliveryCount, 'the transport does not count deliveries');
      const queue = await t.queue();
      const inbox = t.inbox();
      await t.receive(
        queue,
        (attempt) => {
          inbox.add(attempt);
          if (inbox.attempts.length < 3) throw new Error('on purpose');
        },
        { onError: async () => ({ action: 'release' }) },
      );
      await t.send(queue);
      await inbox.has(3);
      assert.deepEqual(
        inbox.attempts.map(({ delivery }) => delivery.deliveryCount),
        [1, 2, 3],
      );
    },

    'should be taken by whoever receives': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const first = await t.receive(
        queue,
        (attempt) => {
          inbox.add(attempt);
          throw new Error('on purpose');
        },
        {
          onError: async () => {
            void first.stop(new AbortController().signal);
            return { action: 'release' };
          },
        },
      );
      await t.send(queue, { id: 'passed-on' });
      await inbox.has(1);
      await t.stop(first);
      const connection = await t.connect();
      const other = t.inbox();
      await t.receive(queue, (attempt) => other.add(attempt), { connection });
      await other.has(1);
      assert.deepEqual(other.ids, ['passed-on']);
    },
  },
);
