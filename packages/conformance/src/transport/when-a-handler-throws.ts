import assert from 'node:assert/strict';
import type { FailedAttempt } from '@busbar/core';
import { bytes, toQueue } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';
import { gate } from '../support/signals.ts';

export const whenAHandlerThrows = scenario(
  'when a handler throws',
  { modes: 'each' },
  {
    'should ask onError with the same error, the count, the headers and the body': async (t) => {
      const queue = await t.queue();
      const thrown = new Error('on purpose');
      const asked = Promise.withResolvers<FailedAttempt>();
      const receiver = await t.receive(
        queue,
        () => {
          throw thrown;
        },
        {
          onError: async (failure) => {
            asked.resolve(failure);
            return { action: 'settle' };
          },
        },
      );
      await t.send(queue, { headers: { 'x-custom': 'value' }, body: 'the body' });
      const failure = await t.until(asked.promise, 'onError');
      assert.equal(failure.error, thrown);
      assert.equal(failure.failures, 1);
      assert.equal(failure.headers['x-custom'], 'value');
      assert.deepEqual(Uint8Array.from(failure.delivery.body), bytes('the body'));
      assert.equal(failure.delivery.queue, queue);
      await t.stop(receiver);
      await t.expectEmpty(queue);
    },

    'should show onError the headers as they were received': async (t) => {
      const queue = await t.queue();
      const asked = Promise.withResolvers<FailedAttempt>();
      await t.receive(
        queue,
        ({ headers }) => {
          headers['x-custom'] = 'changed';
          headers['x-added'] = 'added';
          throw new Error('on purpose');
        },
        {
          onError: async (failure) => {
            asked.resolve(failure);
            return { action: 'settle' };
          },
        },
      );
      await t.send(queue, { headers: { 'x-custom': 'value' } });
      const { headers, delivery } = await t.until(asked.promise, 'onError');
      for (const seen of [headers, delivery.headers]) {
        assert.equal(seen['x-custom'], 'value');
        assert.equal(seen['x-added'], undefined);
      }
    },

    'should deliver what onError sends': async (t) => {
      const queue = await t.queue();
      const errors = await t.queue('errors');
      const inbox = t.inbox();
      const receiver = await t.receive(
        queue,
        () => {
          throw new Error('on purpose');
        },
        {
          onError: async ({ delivery, headers }) => {
            const copy = {
              message: { headers: { ...headers, 'x-failed': 'yes' }, body: delivery.body },
              destination: { kind: 'queue' as const, queue: errors },
            };
            if (t.mode === 'receive-only') {
              await t.connection.dispatch([copy]);
              return { action: 'settle' };
            }
            await delivery.settleWith?.([copy]);
            return { action: 'settled' };
          },
        },
      );
      await t.send(queue, { id: 'failed' });
      await t.receive(errors, (attempt) => inbox.add(attempt));
      const { headers } = await inbox.has(1);
      assert.equal(headers['x-failed'], 'yes');
      await t.stop(receiver);
      await t.expectEmpty(queue);
    },

    'should keep what was dispatched before, since that is beyond recall': async (t) => {
      const queue = await t.queue();
      const other = await t.queue('other');
      const inbox = t.inbox();
      await t.receive(
        queue,
        async () => {
          await t.dispatch([toQueue(other, { id: 'sent' })]);
          throw new Error('on purpose');
        },
        { onError: async () => ({ action: 'settle' }) },
      );
      await t.receive(other, (attempt) => inbox.add(attempt));
      await t.send(queue);
      await inbox.has(1);
      assert.deepEqual(inbox.ids, ['sent']);
    },

    'should not disturb the messages beside it': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const failed = gate();
      const receiver = await t.receive(
        queue,
        async (attempt) => {
          if (attempt.headers['x-fail'] !== undefined) throw new Error('on purpose');
          await failed.passed;
          inbox.add(attempt);
        },
        {
          onError: async () => {
            failed.open();
            return { action: 'settle' };
          },
        },
      );
      await t.dispatch([
        toQueue(queue, { id: 'before' }),
        toQueue(queue, { id: 'fails', headers: { 'x-fail': 'yes' } }),
        toQueue(queue, { id: 'after' }),
      ]);
      await inbox.has(2);
      await t.stop(receiver);
      assert.deepEqual(inbox.ids.toSorted(), ['after', 'before']);
      for (const { delivery } of inbox.attempts) assert.equal(delivery.lost, false);
      await t.expectEmpty(queue);
    },
  },
);
