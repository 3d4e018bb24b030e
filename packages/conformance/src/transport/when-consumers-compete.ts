import assert from 'node:assert/strict';
import type { DeliveryAttempt } from '@busbar/core';
import { idOf } from '../support/inbox.ts';
import { scenario } from '../support/scenario.ts';
import { Counter } from '../support/signals.ts';

export const whenConsumersCompete = scenario(
  'when consumers compete',
  { modes: 'each' },
  {
    'should give each message to exactly one of two connections': async (t) => {
      const queue = await t.queue();
      const second = await t.connect();
      const ids = Array.from({ length: t.sizes.load }, (_, index) => `message-${index}`);
      const handled: string[] = [];
      const counter = new Counter();
      const handle = async (attempt: Parameters<typeof idOf>[0]): Promise<void> => {
        await new Promise((resolve) => setImmediate(resolve));
        handled.push(idOf(attempt));
        counter.add();
      };
      await t.sendAll(queue, ids);
      const receivers = [
        await t.receive(queue, handle),
        await t.receive(queue, handle, { connection: second }),
      ];
      await t.until(counter.reaches(ids.length), () => `${ids.length}, had ${handled.length}`);
      for (const receiver of receivers) await t.stop(receiver);
      assert.deepEqual(handled.toSorted(), ids.toSorted());
      await t.expectEmpty(queue);
    },

    'should give the work of one that is busy to the other': async (t) => {
      const queue = await t.queue();
      const second = await t.connect();
      const busy = t.gate();
      const stuck = t.inbox();
      const free = t.inbox();
      const all = t.inbox();
      await t.receive(
        queue,
        async (attempt) => {
          stuck.add(attempt);
          all.add(attempt);
          await busy.passed;
        },
        { concurrency: 1 },
      );
      await t.send(queue, { id: 'stuck' });
      await stuck.has(1);
      const handle = (attempt: DeliveryAttempt): void => {
        free.add(attempt);
        all.add(attempt);
      };
      await t.receive(queue, handle, { connection: second });
      const ids = Array.from({ length: 20 }, (_, index) => `message-${index}`);
      await t.sendAll(queue, ids);
      // The busy one may hold a few that it fetched ahead.
      await free.has(ids.length / 2);
      busy.open();
      await all.has(1 + ids.length);
      assert.deepEqual(all.ids.toSorted(), [...ids, 'stuck'].toSorted());
    },
  },
);
