import assert from 'node:assert/strict';
import { idOf } from '../support/inbox.ts';
import { impatientClock } from '../support/impatient-clock.ts';
import { scenario } from '../support/scenario.ts';
import { Counter } from '../support/signals.ts';

export const whenTheErrorQueueIsMissing = scenario(
  'when the error queue is missing',
  { modes: 'each' },
  {
    'should lose nothing, say so, and recover by itself when it is there': async (t) => {
      t.expectCriticals();
      const connection = await t.connect(impatientClock);
      const queue = await t.queue();
      const errors = t.name('errors');
      const refused = new Counter();
      const moved = t.inbox();
      const ids = Array.from({ length: 5 }, (_, index) => `fails-${index}`);
      const receiver = await t.receive(
        queue,
        () => {
          throw new Error('on purpose');
        },
        {
          connection,
          concurrency: 2,
          onError: async ({ headers, delivery }) => {
            const copy = {
              message: { headers, body: delivery.body },
              destination: { kind: 'queue' as const, queue: errors },
            };
            const [result] = await connection.dispatch([copy]);
            if (result?.outcome === 'confirmed') return { action: 'settle' };
            refused.add();
            throw new Error(`the error queue ${errors} is missing`);
          },
        },
      );
      await t.sendAll(queue, ids);
      await t.until(refused.reaches(3), 'three refusals');
      assert.ok(t.criticals.length > 0, 'the critical-error hook was called');
      assert.match(t.criticals[0]?.message ?? '', /is missing/);
      await t.connection.queues.provision([{ name: errors }]);
      await t.receive(errors, (attempt) => moved.add(attempt));
      await moved.has(5);
      await t.stop(receiver);
      assert.deepEqual([...new Set(moved.attempts.map(idOf))].toSorted(), ids);
      await t.expectEmpty(queue);
    },
  },
);
