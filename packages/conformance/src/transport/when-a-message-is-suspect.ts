import assert from 'node:assert/strict';
import { type DeliveryAttempt, type OnError, headerNames } from '@busbar/core';
import { idOf } from '../support/inbox.ts';
import { scenario } from '../support/scenario.ts';
import { Counter, Occupancy } from '../support/signals.ts';

export const whenAMessageIsSuspect = scenario(
  'when a message is suspect',
  {
    modes: 'each',
    inapplicable: ({ deliveryCount }) =>
      deliveryCount ? undefined : 'the transport does not count deliveries',
  },
  {
    'should be handled with nothing beside it': async (t) => {
      const queue = await t.queue();
      const inside = new Occupancy();
      const alone: number[] = [];
      const counter = new Counter();
      let releases = 0;
      const receiver = await t.receive(
        queue,
        async (attempt) => {
          inside.enter();
          if (idOf(attempt) === 'suspect' && releases < 3) {
            inside.leave();
            throw new Error('on purpose');
          }
          await new Promise((resolve) => setImmediate(resolve));
          if (idOf(attempt) === 'suspect') alone.push(inside.inside);
          inside.leave();
          counter.add();
        },
        {
          suspicionAfter: 3,
          onError: async () => {
            releases += 1;
            return { action: 'release' };
          },
        },
      );
      await t.sendAll(queue, ['suspect', ...Array.from({ length: 30 }, (_, i) => `other-${i}`)]);
      await t.until(counter.reaches(31), () => `31 messages, had ${counter.count}`);
      await t.stop(receiver);
      assert.deepEqual(alone, [1]);
      await t.expectEmpty(queue);
    },

    'should be handled with nothing beside it in other receivers of the process': async (t) => {
      const second = await t.connect();
      const [queue, otherQueue] = [await t.queue(), await t.queue()];
      const inside = new Occupancy();
      const alone: number[] = [];
      const counter = new Counter();
      const releases = new Map<string, number>();
      const handle = async (attempt: DeliveryAttempt): Promise<void> => {
        const id = idOf(attempt);
        inside.enter();
        try {
          const suspect = id.startsWith('suspect');
          if (suspect && (releases.get(id) ?? 0) < 3) throw new Error('on purpose');
          for (let turns = 0; turns < 3; turns += 1) {
            await new Promise((resolve) => setImmediate(resolve));
            if (suspect) alone.push(inside.inside);
          }
        } finally {
          inside.leave();
        }
        counter.add();
      };
      const onError: OnError = async ({ headers }) => {
        const id = headers[headerNames.messageId] ?? '';
        releases.set(id, (releases.get(id) ?? 0) + 1);
        return { action: 'release' };
      };
      const options = { suspicionAfter: 3, onError };
      await t.receive(queue, handle, options);
      await t.receive(otherQueue, handle, { ...options, connection: second });
      const others = Array.from({ length: 20 }, (_, index) => `other-${index}`);
      await Promise.all([
        t.sendAll(queue, ['suspect-1', ...others]),
        t.sendAll(otherQueue, ['suspect-2', ...others]),
      ]);
      await t.until(counter.reaches(42), () => `42 messages, had ${counter.count}`);
      assert.deepEqual(alone, [1, 1, 1, 1, 1, 1]);
    },

    'should be handled, since no process died over it': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      await t.receive(
        queue,
        (attempt) => {
          inbox.add(attempt);
          if (inbox.attempts.length < 6) throw new Error('on purpose');
        },
        { suspicionAfter: 2, onError: async () => ({ action: 'release' }) },
      );
      await t.send(queue);
      const { delivery } = await inbox.has(6);
      assert.equal(delivery.diedAlone, false);
    },
  },
);
