import assert from 'node:assert/strict';
import type { OutboxBacklog } from '@busbar/core';
import type { PersistenceContext } from './support/persistence-context.ts';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { keyed, sends } from './support/stored.ts';

/** A persistence may leave out what is a few seconds old, since it is being sent. */
async function reaches(t: PersistenceContext, waiting: number): Promise<OutboxBacklog> {
  return t.eventually(
    async () => {
      const backlog = await t.connection.outbox.backlog();
      return backlog.waiting === waiting ? backlog : undefined;
    },
    `a backlog of ${waiting}`,
    1_000,
  );
}

export const whenAskedForTheBacklog = persistenceScenario(
  'when asked for the backlog',
  ['outbox'],
  {
    'should say that nothing waits': async (t) => {
      assert.deepEqual(await t.connection.outbox.backlog(), { waiting: 0, oldestMs: 0 });
    },

    'should count records and lane operations, and how long the oldest waits': async (t) => {
      await t.store({ operations: sends('one', 'two') });
      await t.store({ operations: [...sends('three'), ...keyed('a', 'four', 'five')] });
      const { oldestMs } = await reaches(t, 4);
      assert.ok(oldestMs >= 0 && oldestMs < 600_000, `${oldestMs} ms`);
      await t.advance(500);
      const later = await t.connection.outbox.backlog();
      assert.ok(later.oldestMs >= oldestMs + 400, `${oldestMs} ms, then ${later.oldestMs} ms`);
    },

    'should count what was joined': async (t) => {
      const own = await t.until(t.hook('begin')(), 'a transaction');
      await t.until(
        t.connection.join(own.storage, [...sends('one'), ...keyed('a', 'two')]),
        'the join',
      );
      await own.commit();
      const { oldestMs } = await reaches(t, 2);
      assert.ok(oldestMs >= 0 && oldestMs < 600_000, `${oldestMs} ms`);
    },

    'should no longer count what was dispatched': async (t) => {
      const record = await t.store({ operations: [...sends('one'), ...keyed('a', 'two')] });
      await reaches(t, 2);
      t.connection.outbox.markDispatched(record ?? '');
      await reaches(t, 1);
      const request = { key: 'a', limit: 10, graceMs: 0, leaseMs: 60_000 };
      const lane = await t.connection.outbox.claimLane(request);
      assert.ok(lane !== undefined, 'the lane is free');
      await t.connection.outbox.settleLane(lane, 1, 0);
      assert.deepEqual(await reaches(t, 0), { waiting: 0, oldestMs: 0 });
    },

    'should count the endpoint alone': async (t) => {
      const other = await t.connect(t.name('other'));
      await t.store({ operations: sends('one') }, t.name('message'), other);
      await t.store({ operations: sends('two', 'three') });
      await reaches(t, 1);
    },
  },
);
