import assert from 'node:assert/strict';
import { killerHeader } from '../child/child-settings.ts';
import { ChildConsumer } from '../support/child-consumer.ts';
import { idOf } from '../support/inbox.ts';
import { toQueue } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';
import type { ScenarioContext } from '../support/scenario-context.ts';

const mostDeaths = 20;

export const whenAMessageKillsItsProcess = scenario(
  'when a message kills its process',
  {
    inapplicable: ({ deliveryCount }) =>
      deliveryCount ? undefined : 'the transport does not count deliveries',
  },
  {
    'should end in the error queue alone, and those beside it be handled': async (t) => {
      const queue = await t.queue();
      const errorQueue = await t.queue('errors');
      const innocents = Array.from({ length: t.sizes.innocents }, (_, i) => `innocent-${i}`);
      const operations = innocents.map((id) => toQueue(queue, { id }));
      const killer = toQueue(queue, { id: 'killer', headers: { [killerHeader]: 'yes' } });
      operations.splice(Math.floor(operations.length / 2), 0, killer);
      await t.dispatch(operations);

      const missing = new Set(innocents);
      const codes = await sacrificeProcesses(t, queue, errorQueue, missing);
      assert.deepEqual(codes, ['CRASH_LOOP']);

      const all = t.gate();
      if (missing.size === 0) all.open();
      const receiver = await t.receive(queue, (attempt) => {
        missing.delete(idOf(attempt));
        if (missing.size === 0) all.open();
      });
      await t.until(all.passed, () => `the innocent ${[...missing].join(', ')}`);
      await t.stop(receiver);
      const failed = (await t.connection.queues.peek(errorQueue, 100)).map(idOf);
      assert.deepEqual(failed, ['killer']);
    },
  },
);

/** Starts one process after the other until one gives the killer up; returns the codes of what it gave up. */
async function sacrificeProcesses(
  t: ScenarioContext,
  queue: string,
  errorQueue: string,
  missing: Set<string>,
): Promise<(string | undefined)[]> {
  for (let deaths = 0; deaths < mostDeaths; deaths += 1) {
    const child = ChildConsumer.start(t, {
      queue,
      errorQueue,
      concurrency: 8,
      suspicionAfter: 2,
      handler: 'handle',
    });
    const ended = Promise.race([child.exited, child.reports('failed')]);
    await t.until(ended, 'the process to die, or to give the killer up');
    const failed = child.seen.filter(({ kind }) => kind === 'failed');
    if (failed.length > 0) await child.kill();
    for (const { kind, id } of child.seen) if (kind === 'handled') missing.delete(id);
    if (failed.length > 0) return failed.map(({ code }) => code);
  }
  throw new Error(`the killer killed ${mostDeaths} processes`);
}
