import assert from 'node:assert/strict';
import { passOneMessage } from '../support/pass-one-message.ts';
import { scenario } from '../support/scenario.ts';

const noDeadline = (): AbortSignal => new AbortController().signal;

export const whenStopping = scenario(
  'when stopping',
  { modes: 'each' },
  {
    'should wait for a running handler, which is not disturbed': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const gate = t.gate();
      const receiver = await t.receive(queue, async (attempt) => {
        inbox.add(attempt);
        await gate.passed;
      });
      await t.send(queue);
      const { delivery } = await inbox.has(1);
      let stopped = false;
      const stopping = receiver.stop(noDeadline()).then(() => {
        stopped = true;
      });
      // A stop that waits for nothing would have resolved by the time that another message went through.
      await passOneMessage(t);
      assert.equal(stopped, false);
      assert.equal(delivery.signal.aborted, false);
      gate.open();
      await t.until(stopping, 'the stop');
      assert.equal(delivery.lost, false);
      await t.expectEmpty(queue);
    },

    'should wait for onError, whose delivery is not disturbed': async (t) => {
      const queue = await t.queue();
      const gate = t.gate();
      const entered = t.gate();
      const lost: boolean[] = [];
      const receiver = await t.receive(
        queue,
        () => {
          throw new Error('on purpose');
        },
        {
          onError: async ({ delivery }) => {
            entered.open();
            await gate.passed;
            lost.push(delivery.lost, delivery.signal.aborted);
            return { action: 'settle' };
          },
        },
      );
      await t.send(queue);
      await t.until(entered.passed, 'onError');
      const stopping = receiver.stop(noDeadline());
      gate.open();
      await t.until(stopping, 'the stop');
      assert.deepEqual(lost, [false, false]);
      await t.expectEmpty(queue);
    },

    'should hand back what has not begun': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const gate = t.gate();
      const receiver = await t.receive(
        queue,
        async (attempt) => {
          inbox.add(attempt);
          await gate.passed;
        },
        { concurrency: 2 },
      );
      const ids = Array.from({ length: 10 }, (_, index) => `message-${index}`);
      await t.sendAll(queue, ids);
      await inbox.has(2);
      const stopping = receiver.stop(noDeadline());
      gate.open();
      await t.until(stopping, 'the stop');
      const begun = inbox.attempts.length;
      const rest = t.inbox();
      const second = await t.receive(queue, (attempt) => rest.add(attempt));
      await rest.has(10 - begun);
      await t.stop(second);
      assert.deepEqual([...inbox.ids, ...rest.ids].toSorted(), ids);
      if (t.capabilities.deliveryCount) {
        const counts = rest.attempts.map(({ delivery }) => delivery.deliveryCount);
        assert.ok(
          counts.every((count) => count <= 2),
          `delivery counts ${counts.join(', ')}`,
        );
      }
    },

    'should receive nothing more': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const receiver = await t.receive(queue, (attempt) => inbox.add(attempt));
      await t.send(queue, { id: 'before' });
      await inbox.has(1);
      await t.stop(receiver);
      await t.send(queue, { id: 'after' });
      await passOneMessage(t);
      assert.deepEqual(inbox.ids, ['before']);
      assert.equal(receiver.health().receiving, false);
    },

    'should receive again when it is started again': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const receiver = await t.receive(queue, (attempt) => inbox.add(attempt));
      for (const round of [1, 2, 3]) {
        await t.stop(receiver);
        await t.send(queue, { id: `round-${round}` });
        await t.start(receiver, (attempt) => inbox.add(attempt));
        await inbox.has(round);
      }
      assert.deepEqual(inbox.ids, ['round-1', 'round-2', 'round-3']);
    },

    'should tolerate to be stopped several times': async (t) => {
      const queue = await t.queue();
      const gate = t.gate();
      const inbox = t.inbox();
      const receiver = await t.receive(queue, async (attempt) => {
        inbox.add(attempt);
        await gate.passed;
      });
      await t.send(queue);
      await inbox.has(1);
      const stops = [receiver.stop(noDeadline()), receiver.stop(noDeadline())];
      gate.open();
      await t.until(Promise.all(stops), 'both stops');
      await t.stop(receiver);
      await t.expectEmpty(queue);
    },

    'should tolerate to be stopped without a start': async (t) => {
      const queue = await t.queue();
      const receiver = t.connection.createReceiver({
        queue,
        concurrency: 1,
        suspicionAfter: 5,
        ordered: false,
      });
      await t.stop(receiver);
    },

    'should give a failed message back instead of trying again': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const gate = t.gate();
      const receiver = await t.receive(
        queue,
        async (attempt) => {
          inbox.add(attempt);
          await gate.passed;
          throw new Error('on purpose');
        },
        { onError: async () => ({ action: 'retry', afterMs: 3_600_000 }) },
      );
      await t.send(queue, { id: 'fails' });
      await inbox.has(1);
      const stopping = receiver.stop(noDeadline());
      gate.open();
      await t.until(stopping, 'the stop');
      const rest = t.inbox();
      await t.receive(queue, (attempt) => rest.add(attempt));
      await rest.has(1);
      assert.deepEqual(rest.ids, ['fails']);
    },
  },
);
