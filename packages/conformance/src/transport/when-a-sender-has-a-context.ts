import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { scenario } from '../support/scenario.ts';
import { Counter } from '../support/signals.ts';

export const whenASenderHasAContext = scenario(
  'when a sender has a context',
  { modes: 'each' },
  {
    'should handle its messages in the context in which the receiver was started': async (t) => {
      const queue = await t.queue();
      const context = new AsyncLocalStorage<string>();
      const seen = new Set<string | undefined>();
      const counter = new Counter();
      const note = (): void => {
        seen.add(context.getStore());
        counter.add();
      };
      let failed = false;
      await context.run('receiver', () =>
        t.receive(
          queue,
          () => {
            note();
            if (failed) return;
            failed = true;
            throw new Error('on purpose');
          },
          {
            onError: async () => {
              note();
              return { action: 'retry' };
            },
          },
        ),
      );
      for (let index = 0; index < 10; index += 1) {
        await context.run(`sender ${index}`, () => t.send(queue));
      }
      await t.until(counter.reaches(12), () => `12 calls, had ${counter.count}`);
      assert.deepEqual([...seen], ['receiver']);
    },
  },
);
