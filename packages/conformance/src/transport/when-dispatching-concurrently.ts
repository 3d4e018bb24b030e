import assert from 'node:assert/strict';
import { idOf } from '../support/inbox.ts';
import { toQueue } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';
import { Counter } from '../support/signals.ts';

export const whenDispatchingConcurrently = scenario(
  'when dispatching concurrently',
  {},
  {
    'should store each message of every call once': async (t) => {
      const queue = await t.queue();
      const second = await t.connect();
      const calls = Array.from({ length: 16 }, (_, call) =>
        Array.from({ length: 10 }, (__, index) => `call-${call}-${index}`),
      );
      await Promise.all(
        calls.map((ids, call) =>
          t.dispatch(
            ids.map((id) => toQueue(queue, { id })),
            call % 2 === 0 ? t.connection : second,
          ),
        ),
      );
      const handled: string[] = [];
      const counter = new Counter();
      const receiver = await t.receive(queue, (attempt) => {
        handled.push(idOf(attempt));
        counter.add();
      });
      await t.until(counter.reaches(160), () => `160 messages, had ${handled.length}`);
      await t.stop(receiver);
      assert.deepEqual(handled.toSorted(), calls.flat().toSorted());
    },

    'should keep the order of one call per destination': async (t) => {
      const ordered = t.capabilities.ordering !== 'none';
      const queue = await t.queue('queue', { ordered });
      const other = await t.queue('other', { ordered });
      const ids = Array.from({ length: 40 }, (_, index) => `message-${index}`);
      await t.dispatch(
        ids.map((id, index) =>
          toQueue(index % 2 === 0 ? queue : other, { id, partitionKey: 'key' }),
        ),
      );
      for (const [name, rest] of [
        [queue, 0],
        [other, 1],
      ] as const) {
        const inbox = t.inbox();
        await t.receive(name, (attempt) => inbox.add(attempt), { concurrency: 1, ordered });
        await inbox.has(20);
        const expected = ids.filter((_, index) => index % 2 === rest);
        if (ordered) assert.deepEqual(inbox.ids, expected);
        else assert.deepEqual(inbox.ids.toSorted(), expected.toSorted());
      }
    },

    'should dispatch from handlers while others are handled': async (t) => {
      const queue = await t.queue();
      const next = await t.queue('next');
      const counter = new Counter();
      const ids = Array.from({ length: 60 }, (_, index) => `message-${index}`);
      await t.receive(queue, async (attempt) => {
        await t.dispatch([toQueue(next, { id: idOf(attempt) })]);
      });
      const handled: string[] = [];
      await t.receive(next, (attempt) => {
        handled.push(idOf(attempt));
        counter.add();
      });
      await t.sendAll(queue, ids);
      await t.until(counter.reaches(60), () => `60 messages, had ${handled.length}`);
      assert.deepEqual(handled.toSorted(), ids.toSorted());
    },
  },
);
