import assert from 'node:assert/strict';
import { impatientClock } from '../support/impatient-clock.ts';
import { scenario } from '../support/scenario.ts';
import { gate } from '../support/signals.ts';

export const whenOnErrorThrows = scenario(
  'when onError throws',
  { modes: 'each' },
  {
    'should tell the host, pause, and deliver the message again': async (t) => {
      t.expectCriticals();
      const connection = await t.connect(impatientClock);
      const queue = await t.queue();
      const inbox = t.inbox();
      const policyFailure = new Error('the policy failed');
      const receiver = await t.receive(
        queue,
        (attempt) => {
          inbox.add(attempt);
          if (inbox.attempts.length === 1) throw new Error('on purpose');
        },
        { connection, onError: () => Promise.reject(policyFailure) },
      );
      await t.send(queue, { id: 'again' });
      await inbox.has(2);
      assert.deepEqual(inbox.ids, ['again', 'again']);
      assert.equal(t.criticals[0], policyFailure);
      await t.stop(receiver);
      await t.expectEmpty(queue);
    },

    'should say in its health why it does not receive': async (t) => {
      t.expectCriticals();
      const queue = await t.queue();
      const failed = gate();
      const receiver = await t.receive(
        queue,
        () => {
          throw new Error('on purpose');
        },
        {
          onError: async () => {
            failed.open();
            throw new Error('the error queue is full');
          },
        },
      );
      await t.send(queue);
      await t.until(failed.passed, 'onError');
      // The pause has begun when the message has left the handler.
      while (receiver.health().inFlight > 0) {
        await t.until(new Promise((resolve) => setImmediate(resolve)), 'a turn');
      }
      assert.match(receiver.health().paused ?? '', /error queue is full/);
      await t.stop(receiver);
    },
  },
);
