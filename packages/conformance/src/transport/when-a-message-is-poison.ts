import assert from 'node:assert/strict';
import type { FailedAttempt } from '@busbar/core';
import { scenario } from '../support/scenario.ts';

export const whenAMessageIsPoison = scenario(
  'when a message is poison',
  { modes: 'each' },
  {
    'should ask onError alone, and settle as it says': async (t) => {
      const inject = t.hook('injectPoison').bind(t.harness);
      const queue = await t.queue();
      await inject(queue);
      const asked = Promise.withResolvers<FailedAttempt>();
      const inbox = t.inbox();
      const receiver = await t.receive(queue, (attempt) => inbox.add(attempt), {
        onError: async (failure) => {
          asked.resolve(failure);
          return { action: 'settle' };
        },
      });
      const { delivery, error, failures } = await t.until(asked.promise, 'onError');
      assert.equal(delivery.poison, error);
      assert.equal(delivery.poison?.code, 'UNDECODABLE');
      assert.notEqual(delivery.nativeId, '');
      assert.equal(failures, 1);
      await t.send(queue, { id: 'good' });
      await inbox.has(1);
      await t.stop(receiver);
      assert.deepEqual(inbox.ids, ['good']);
      await t.expectEmpty(queue);
    },

    'should be copied to an error queue with what could be read': async (t) => {
      const inject = t.hook('injectPoison').bind(t.harness);
      const queue = await t.queue();
      const errors = await t.queue('errors');
      await inject(queue);
      const inbox = t.inbox();
      const receiver = await t.receive(
        queue,
        () => t.fail(new Error('a poison message was handled')),
        {
          onError: async ({ delivery, headers }) => {
            const copy = {
              message: { headers: { ...headers, 'x-failed': 'yes' }, body: delivery.body },
              destination: { kind: 'queue' as const, queue: errors },
            };
            await t.dispatch([copy]);
            return { action: 'settle' };
          },
        },
      );
      await t.receive(errors, (attempt) => inbox.add(attempt));
      const { headers } = await inbox.has(1);
      assert.equal(headers['x-failed'], 'yes');
      await t.stop(receiver);
      await t.expectEmpty(queue);
    },
  },
);
