import assert from 'node:assert/strict';
import { abandoned } from '../support/abandoned.ts';
import { toQueue, toTopics } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';

export const whenSettlingWithSends = scenario(
  'when settling with sends',
  { modes: 'sends-atomic-with-receive' },
  {
    'should store all of them and settle': async (t) => {
      const queue = await t.queue();
      const other = await t.queue('other');
      const topic = t.name('topic');
      await t.connection.subscriptions.subscribe(other, [topic]);
      const receiver = await t.receive(queue, async ({ delivery }) => {
        const results = await delivery.settleWith?.([
          toQueue(other, { id: 'sent' }),
          toTopics([topic], { id: 'published' }),
        ]);
        assert.deepEqual(
          results?.map(({ outcome }) => outcome),
          ['confirmed', 'confirmed'],
        );
        done.open();
        await never.passed;
      });
      const done = t.gate();
      const never = t.gate();
      await t.send(queue);
      await t.until(done.passed, 'settleWith');
      await t.stop(receiver, AbortSignal.abort());
      await t.expectEmpty(queue);
      const inbox = t.inbox();
      await t.receive(other, (attempt) => inbox.add(attempt));
      await inbox.has(2);
      assert.deepEqual(inbox.ids.toSorted(), ['published', 'sent']);
    },

    'should refuse a second settleWith, and store nothing of it': async (t) => {
      const queue = await t.queue();
      const other = await t.queue('other');
      const refused = Promise.withResolvers<unknown>();
      const receiver = t.connection.createReceiver({
        queue,
        concurrency: 1,
        suspicionAfter: 50,
        ordered: false,
      });
      await receiver.start(
        async ({ delivery }) => {
          await delivery.settleWith?.([]);
          const second = delivery.settleWith?.([toQueue(other)]);
          second?.then(() => refused.resolve('it was accepted'), refused.resolve);
          return 'settled';
        },
        async ({ error }) => {
          t.fail(error);
          return { action: 'release' };
        },
      );
      await t.send(queue);
      const error = await t.until(refused.promise, 'the refusal');
      assert.match(String(error), /DELIVERY_LOST/);
      await t.stop(receiver);
      await t.expectEmpty(queue);
      await t.expectEmpty(other);
    },

    'should forget the sends of a handler that failed before it': async (t) => {
      const queue = await t.queue();
      const other = await t.queue('other');
      const inbox = t.inbox();
      const receiver = await t.receive(
        queue,
        (attempt) => {
          inbox.add(attempt);
          if (attempt.failures === 0) throw new Error('on purpose');
          return Promise.resolve([toQueue(other, { id: `attempt-${attempt.failures}` })]);
        },
        { onError: async () => ({ action: 'retry' }) },
      );
      await t.send(queue);
      await inbox.has(2);
      await t.stop(receiver);
      const sent = t.inbox();
      const second = await t.receive(other, (attempt) => sent.add(attempt));
      await sent.has(1);
      await t.stop(second);
      assert.equal(sent.attempts.length, 1);
    },

    'should be refused once the delivery is lost, and store nothing': async (t) => {
      const { queue, attempt } = await abandoned(t);
      const other = await t.queue('other');
      const late = attempt.delivery.settleWith?.([toQueue(other, { id: 'late' })]);
      await assert.rejects(late as Promise<unknown>, /DELIVERY_LOST/);
      await t.expectEmpty(other);
      const inbox = t.inbox();
      await t.receive(queue, (again) => inbox.add(again));
      await inbox.has(1);
      assert.deepEqual(inbox.ids, ['abandoned']);
    },
  },
);
