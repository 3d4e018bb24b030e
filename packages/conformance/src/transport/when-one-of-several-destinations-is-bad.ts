import assert from 'node:assert/strict';
import type { DispatchResult } from '@busbar/core';
import { toQueue, toTopics } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';

const outcomes = (results: readonly DispatchResult[] | undefined): string[] | undefined =>
  results?.map(({ outcome }) => outcome);

export const whenOneOfSeveralDestinationsIsBad = scenario(
  'when one of several destinations is bad',
  {},
  {
    'should spoil only its own result, in the order of the operations': async (t) => {
      const queue = await t.queue();
      const other = await t.queue('other');
      const missing = t.name('missing');
      const results = await t.until(
        t.connection.dispatch([
          toQueue(queue, { id: 'one' }),
          toQueue(missing),
          toQueue(other, { id: 'two' }),
          toQueue(missing),
          toTopics([t.name('topic')]),
          toQueue(queue, { id: 'three' }),
        ]),
        'the dispatch',
      );
      assert.deepEqual(outcomes(results), [
        'confirmed',
        'undeliverable',
        'confirmed',
        'undeliverable',
        'confirmed',
        'confirmed',
      ]);
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt));
      await t.receive(other, (attempt) => inbox.add(attempt));
      await inbox.has(3);
      assert.deepEqual(inbox.ids.toSorted(), ['one', 'three', 'two']);
    },

    'should store nothing when it is settled with, and keep the delivery': async (t) => {
      const { transactionModes } = t.capabilities;
      const atomic = transactionModes.includes('sends-atomic-with-receive');
      t.needs(atomic, 'the transport has no sends-atomic-with-receive');
      const queue = await t.queue();
      const other = await t.queue('other');
      const missing = t.name('missing');
      const results: (readonly DispatchResult[] | undefined)[] = [];
      const inbox = t.inbox();
      const receiver = await t.receive(
        queue,
        async (attempt) => {
          const { delivery, failures } = attempt;
          if (failures === 0) {
            const bad = [toQueue(other, { id: 'bad' }), toQueue(missing), toQueue(other)];
            results.push(await delivery.settleWith?.(bad));
            assert.equal(delivery.lost, false);
            throw new Error('on purpose');
          }
          inbox.add(attempt);
          return [toQueue(other, { id: 'good' })];
        },
        { onError: async () => ({ action: 'retry' }) },
      );
      await t.send(queue, { id: 'kept' });
      await inbox.has(1);
      assert.equal(outcomes(results[0])?.[1], 'undeliverable');
      assert.match(JSON.stringify(results[0]?.[1]), new RegExp(missing));
      await t.stop(receiver);
      await t.expectEmpty(queue);
      const second = t.inbox();
      const last = await t.receive(other, (attempt) => second.add(attempt));
      await second.has(1);
      await t.stop(last);
      assert.deepEqual(second.ids, ['good']);
    },
  },
);
