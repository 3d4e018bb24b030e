import assert from 'node:assert/strict';
import type { DeliveryAttempt } from '@busbar/core';
import { idOf } from '../support/inbox.ts';
import { impatientClock } from '../support/impatient-clock.ts';
import { toQueue } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';
import { Counter } from '../support/signals.ts';

/** An odd number, so that two consumers which take turns meet in every key. */
const keys = ['red', 'green', 'blue', 'white', 'black'];

/** Notes the order by key, and whether two of a key were ever handled at once. */
class KeyedWork {
  readonly order = new Map<string, string[]>();
  readonly counter = new Counter();
  readonly overlaps: string[] = [];
  readonly #busy = new Set<string>();

  async handle(attempt: DeliveryAttempt): Promise<void> {
    const id = idOf(attempt);
    const key = id.slice(0, id.indexOf('-'));
    if (this.#busy.has(key)) this.overlaps.push(id);
    this.#busy.add(key);
    await new Promise((resolve) => setImmediate(resolve));
    this.order.set(key, [...(this.order.get(key) ?? []), id]);
    this.#busy.delete(key);
    this.counter.add();
  }
}

function idsByKey(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${keys[index % keys.length]}-${index}`);
}

function expected(ids: readonly string[]): Map<string, string[]> {
  return new Map(keys.map((key) => [key, ids.filter((id) => id.startsWith(`${key}-`))]));
}

const sorted = (order: ReadonlyMap<string, string[]>): [string, string[]][] =>
  [...order].toSorted(([one], [other]) => (one < other ? -1 : 1));

export const whenMessagesShareAKey = scenario(
  'when messages share a key',
  { modes: 'each' },
  {
    'should handle them one after the other in one receiver, in order': async (t) => {
      const queue = await t.queue();
      const work = new KeyedWork();
      const ids = idsByKey(80);
      await t.dispatch(
        ids.map((id) => toQueue(queue, { id, partitionKey: id.slice(0, id.indexOf('-')) })),
      );
      await t.receive(queue, (attempt) => work.handle(attempt), { concurrency: 8 });
      await t.until(work.counter.reaches(80), () => `80 messages, had ${work.counter.count}`);
      assert.deepEqual(work.overlaps, []);
      assert.deepEqual(sorted(work.order), sorted(expected(ids)));
    },

    'should handle other keys, and messages without one, meanwhile': async (t) => {
      const queue = await t.queue();
      const gate = t.gate();
      const inbox = t.inbox();
      await t.receive(queue, async (attempt) => {
        if (attempt.headers['x-slow'] !== undefined) await gate.passed;
        inbox.add(attempt);
      });
      await t.dispatch([
        toQueue(queue, { id: 'slow', partitionKey: 'one', headers: { 'x-slow': 'yes' } }),
        toQueue(queue, { id: 'behind', partitionKey: 'one' }),
        toQueue(queue, { id: 'beside', partitionKey: 'two' }),
        toQueue(queue, { id: 'keyless' }),
      ]);
      await inbox.has(2);
      assert.deepEqual(inbox.ids.toSorted(), ['beside', 'keyless']);
      gate.open();
      await inbox.has(4);
      assert.deepEqual(inbox.ids.slice(2), ['slow', 'behind']);
    },

    'should go on with the next of the key after a failure': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      await t.receive(
        queue,
        (attempt) => {
          inbox.add(attempt);
          if (idOf(attempt) === 'fails') throw new Error('on purpose');
        },
        { onError: async ({ failures }) => ({ action: failures < 2 ? 'retry' : 'settle' }) },
      );
      await t.dispatch([
        toQueue(queue, { id: 'fails', partitionKey: 'key' }),
        toQueue(queue, { id: 'next', partitionKey: 'key' }),
      ]);
      await inbox.has(3);
      assert.deepEqual(inbox.ids, ['fails', 'fails', 'next']);
    },
  },
);

export const whenTheFirstOfAKeyComesBack = scenario(
  'when the first of a key comes back',
  {
    modes: 'each',
    inapplicable: ({ ordering }) =>
      ordering === 'none' ? 'the transport gives nothing back to its old place' : undefined,
  },
  {
    'should bring a message that onError could not deal with before those behind it': async (t) => {
      t.expectCriticals();
      const connection = await t.connect(impatientClock);
      const queue = await t.queue();
      const inbox = t.inbox();
      const ids = ['one', 'two', 'three', 'four'];
      await t.dispatch(ids.map((id) => toQueue(queue, { id, partitionKey: 'key' })));
      await t.receive(
        queue,
        (attempt) => {
          inbox.add(attempt);
          if (inbox.attempts.length === 1) throw new Error('on purpose');
        },
        { connection, onError: () => Promise.reject(new Error('no error queue')) },
      );
      await inbox.has(5);
      assert.deepEqual(inbox.ids, ['one', ...ids]);
    },
  },
);

export const whenAnOrderedQueueHasTwoConsumers = scenario(
  'when an ordered queue has two consumers',
  {
    modes: 'each',
    inapplicable: ({ ordering }) =>
      ordering === 'none' ? 'the transport keeps no order across processes' : undefined,
  },
  {
    'should keep the order per key over both': async (t) => {
      const queue = await t.queue('ordered', { ordered: true });
      const second = await t.connect();
      const work = new KeyedWork();
      const ids = idsByKey(80);
      const options = { concurrency: 4, ordered: true };
      await t.receive(queue, (attempt) => work.handle(attempt), options);
      await t.receive(queue, (attempt) => work.handle(attempt), { ...options, connection: second });
      for (let from = 0; from < ids.length; from += 10) {
        const piece = ids.slice(from, from + 10);
        await t.dispatch(
          piece.map((id) => toQueue(queue, { id, partitionKey: id.slice(0, id.indexOf('-')) })),
        );
      }
      await t.until(work.counter.reaches(80), () => `80 messages, had ${work.counter.count}`);
      assert.deepEqual(work.overlaps, []);
      assert.deepEqual(sorted(work.order), sorted(expected(ids)));
    },

    'should bring a released message before those behind it': async (t) => {
      const queue = await t.queue('ordered', { ordered: true });
      const inbox = t.inbox();
      await t.receive(
        queue,
        (attempt) => {
          inbox.add(attempt);
          if (inbox.attempts.length === 1) throw new Error('on purpose');
        },
        { ordered: true, concurrency: 1, onError: async () => ({ action: 'release' }) },
      );
      await t.dispatch(
        ['one', 'two', 'three'].map((id) => toQueue(queue, { id, partitionKey: 'key' })),
      );
      await inbox.has(4);
      assert.deepEqual(inbox.ids, ['one', 'one', 'two', 'three']);
    },
  },
);

export const whenTheReceiverOfAnOrderedQueuePauses = scenario(
  'when the receiver of an ordered queue pauses',
  {
    modes: 'each',
    inapplicable: ({ ordering }) =>
      ordering === 'none' ? 'the transport keeps no order' : undefined,
  },
  {
    'should keep those behind a running message in order': async (t) => {
      t.expectCriticals();
      const connection = await t.connect(impatientClock);
      const queue = await t.queue('ordered', { ordered: true });
      const inbox = t.inbox();
      const running = t.gate();
      const ids = ['one', 'two', 'three', 'four'];
      await t.dispatch([
        ...ids.map((id) => toQueue(queue, { id, partitionKey: 'key' })),
        toQueue(queue, { id: 'other', partitionKey: 'other' }),
      ]);
      let failed = false;
      await t.receive(
        queue,
        async (attempt) => {
          if (idOf(attempt) === 'other' && !failed) {
            failed = true;
            throw new Error('on purpose');
          }
          if (idOf(attempt) === 'one') await running.passed;
          inbox.add(attempt);
        },
        {
          connection,
          ordered: true,
          concurrency: 4,
          onError: () => {
            // What waits goes back before the first ends.
            setImmediate(running.open);
            return Promise.reject(new Error('no error queue'));
          },
        },
      );
      await inbox.has(5);
      assert.deepEqual(
        inbox.ids.filter((id) => id !== 'other'),
        ids,
      );
    },
  },
);
