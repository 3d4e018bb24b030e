import assert from 'node:assert/strict';
import { toQueue } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';
import { Counter } from '../support/signals.ts';
import { idOf } from '../support/inbox.ts';

export const whenStoppingUnderLoad = scenario(
  'when stopping under load',
  { modes: 'each' },
  {
    'should lose nothing, and repeat nothing that was settled': async (t) => {
      const queue = await t.queue();
      const ids = Array.from({ length: t.sizes.load }, (_, index) => `message-${index}`);
      const handled: string[] = [];
      const counter = new Counter();
      const receiver = t.connection.createReceiver({
        queue,
        concurrency: 8,
        suspicionAfter: 50,
        ordered: false,
      });
      const handle = async (attempt: Parameters<typeof idOf>[0]): Promise<void> => {
        await new Promise((resolve) => setImmediate(resolve));
        handled.push(idOf(attempt));
        counter.add();
      };
      await t.start(receiver, handle);
      const sending = sendInPieces(ids, (piece) =>
        t.dispatch(piece.map((id) => toQueue(queue, { id }))),
      );
      for (const quarter of [0.25, 0.5, 0.75]) {
        await t.until(counter.reaches(Math.floor(ids.length * quarter)), 'a quarter of the load');
        await t.stop(receiver);
        await t.start(receiver, handle);
      }
      await sending;
      await t.until(counter.reaches(ids.length), () => `${ids.length}, had ${handled.length}`);
      await t.stop(receiver);
      assert.deepEqual(handled.toSorted(), ids.toSorted());
      await t.expectEmpty(queue);
    },

    'should lose nothing when every stop is cut short': async (t) => {
      const queue = await t.queue();
      const ids = Array.from({ length: t.sizes.load }, (_, index) => `message-${index}`);
      const handled = new Set<string>();
      const counter = new Counter();
      const all = t.gate();
      const receiver = t.connection.createReceiver({
        queue,
        concurrency: 8,
        suspicionAfter: 1_000,
        ordered: false,
      });
      const start = (): Promise<void> =>
        receiver.start(
          async (attempt) => {
            await new Promise((resolve) => setImmediate(resolve));
            attempt.delivery.signal.throwIfAborted();
            const outcome = await t.complete(attempt);
            handled.add(idOf(attempt));
            counter.add();
            if (handled.size === ids.length) all.open();
            return outcome;
          },
          async ({ error, delivery }) => {
            if (!delivery.lost) t.fail(error);
            return { action: 'release' };
          },
        );
      await start();
      await t.sendAll(queue, ids);
      for (const quarter of [0.25, 0.5, 0.75]) {
        await t.until(counter.reaches(Math.floor(ids.length * quarter)), 'a quarter of the load');
        await t.stop(receiver, AbortSignal.abort());
        await start();
      }
      await t.until(all.passed, () => `all ${ids.length}, had ${handled.size}`);
      await t.stop(receiver);
      await t.expectEmpty(queue);
    },
  },
);

async function sendInPieces(
  ids: readonly string[],
  send: (piece: readonly string[]) => Promise<unknown>,
): Promise<void> {
  for (let from = 0; from < ids.length; from += 25) await send(ids.slice(from, from + 25));
}
