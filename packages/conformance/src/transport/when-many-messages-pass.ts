import assert from 'node:assert/strict';
import v8 from 'node:v8';
import vm from 'node:vm';
import { toQueue } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';
import type { ScenarioContext } from '../support/scenario-context.ts';
import { Counter } from '../support/signals.ts';

/** Far above what caches and statistics need, and far below what keeping every message would take. */
const allowedBytes = 4 * 1_024 * 1_024;
const bodyBytes = 2_048;

export const whenManyMessagesPass = scenario(
  'when many messages pass',
  {},
  {
    'should keep nothing of them': async (t) => {
      const queue = await t.queue();
      const counter = new Counter();
      await t.receive(queue, () => counter.add(), { concurrency: 16 });
      const collect = garbageCollector();
      await pass(t, queue, counter, Math.floor(t.sizes.leak / 4));
      const before = heapInUse(collect);
      await pass(t, queue, counter, t.sizes.leak);
      const grown = heapInUse(collect) - before;
      assert.ok(
        grown < allowedBytes,
        `the heap grew by ${grown} bytes over ${t.sizes.leak} messages`,
      );
    },

    'should let the event loop turn meanwhile': async (t) => {
      const queue = await t.queue();
      const counter = new Counter();
      let turns = 0;
      let counting = true;
      const turn = (): void => {
        turns += 1;
        if (counting) setImmediate(turn);
      };
      const count = 2_000;
      for (let sent = 0; sent < count; sent += 500) await sendMany(t, queue, 500);
      setImmediate(turn);
      await t.receive(queue, () => counter.add(), { concurrency: 4 });
      await t.until(counter.reaches(count), `${count} messages`);
      counting = false;
      assert.ok(turns >= 4, `the event loop turned ${turns} times over ${count} messages`);
    },
  },
);

async function pass(
  t: ScenarioContext,
  queue: string,
  counter: Counter,
  count: number,
): Promise<void> {
  const target = counter.count + count;
  while (counter.count < target) {
    const piece = Math.min(500, target - counter.count);
    const reached = counter.reaches(counter.count + piece);
    await sendMany(t, queue, piece);
    await t.until(reached, () => `${target} messages, had ${counter.count}`);
  }
}

async function sendMany(t: ScenarioContext, queue: string, count: number): Promise<void> {
  await t.dispatch(
    Array.from({ length: count }, () =>
      toQueue(queue, { body: new Uint8Array(bodyBytes).fill(7) }),
    ),
  );
}

function heapInUse(collect: () => void): number {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** The collector, also in a process that was started without `--expose-gc`. */
function garbageCollector(): () => void {
  v8.setFlagsFromString('--expose-gc');
  return vm.runInNewContext('gc') as () => void;
}
