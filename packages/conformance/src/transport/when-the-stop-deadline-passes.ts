import assert from 'node:assert/strict';
import { abandoned, stopNow } from '../support/abandoned.ts';
import { passOneMessage } from '../support/pass-one-message.ts';
import { scenario } from '../support/scenario.ts';

export const whenTheStopDeadlinePasses = scenario(
  'when the stop deadline passes',
  { modes: 'each' },
  {
    'should fence a handler that never returns and resolve': async (t) => {
      const { queue, attempt } = await abandoned(t);
      assert.equal(attempt.delivery.lost, true);
      assert.equal(attempt.delivery.signal.aborted, true);
      assert.match(String(attempt.delivery.signal.reason), /DELIVERY_LOST/);
      const other = t.inbox();
      const connection = await t.connect();
      await t.receive(queue, (again) => other.add(again), { connection });
      await other.has(1);
      assert.deepEqual(other.ids, ['abandoned']);
    },

    'should fire the signal of a delivery whose onError never returns': async (t) => {
      const queue = await t.queue();
      const fired = t.gate();
      const entered = t.gate();
      const never = t.gate();
      const receiver = await t.receive(
        queue,
        () => {
          throw new Error('on purpose');
        },
        {
          onError: async ({ delivery }) => {
            delivery.signal.addEventListener('abort', fired.open);
            entered.open();
            await never.passed;
            return { action: 'settle' };
          },
        },
      );
      await t.send(queue, { id: 'undecided' });
      await t.until(entered.passed, 'onError');
      await stopNow(t, receiver);
      await t.until(fired.passed, 'the signal');
      never.open();
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt));
      await inbox.has(1);
      assert.deepEqual(inbox.ids, ['undecided']);
      assert.deepEqual(t.criticals, []);
    },

    'should refuse a late settle': async (t) => {
      const { queue, gate } = await abandoned(t);
      const again = t.inbox();
      const held = t.gate();
      const receiver = await t.receive(
        queue,
        async (attempt) => {
          again.add(attempt);
          await held.passed;
          if (again.attempts.length === 1) throw new Error('the second attempt fails');
        },
        { onError: async () => ({ action: 'release' }) },
      );
      await again.has(1);
      // The first attempt ends now and wants to settle; the message belongs to the second one, which then fails.
      gate.open();
      await passOneMessage(t);
      held.open();
      await again.has(2);
      assert.deepEqual(again.ids, ['abandoned', 'abandoned']);
      await t.stop(receiver);
      await t.expectEmpty(queue);
    },

    'should receive again, with the keys of abandoned messages free': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const never = t.gate();
      const receiver = await t.receive(queue, async (attempt) => {
        inbox.add(attempt);
        await never.passed;
      });
      await t.send(queue, { id: 'first', partitionKey: 'key' });
      await t.send(queue, { id: 'second', partitionKey: 'key' });
      await inbox.has(1);
      await stopNow(t, receiver);
      const rest = t.inbox();
      await t.start(receiver, (attempt) => rest.add(attempt));
      await rest.has(2);
      assert.deepEqual(rest.ids, ['first', 'second']);
    },
  },
);
