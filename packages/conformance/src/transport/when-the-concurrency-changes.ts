import assert from 'node:assert/strict';
import { scenario } from '../support/scenario.ts';
import type { ScenarioContext } from '../support/scenario-context.ts';
import { Counter, Occupancy, gate } from '../support/signals.ts';

/** Handlers that wait to be let out one by one. */
class Turnstile {
  readonly inside = new Occupancy();
  readonly left = new Counter();
  #waiting: (() => void)[] = [];

  async pass(): Promise<void> {
    const door = gate();
    this.#waiting.push(door.open);
    this.inside.enter();
    await door.passed;
    this.inside.leave();
    this.left.add();
  }

  letOut(count: number): void {
    for (const open of this.#waiting.splice(0, count)) open();
  }
}

async function turnstile(t: ScenarioContext): Promise<Turnstile> {
  const made = new Turnstile();
  t.cleanUp(() => made.letOut(1_000));
  return Promise.resolve(made);
}

const thirty = Array.from({ length: 30 }, (_, index) => `message-${index}`);

export const whenTheConcurrencyChanges = scenario(
  'when the concurrency changes',
  { modes: 'each' },
  {
    'should handle more at once when it was raised': async (t) => {
      const queue = await t.queue();
      await t.sendAll(queue, thirty);
      const stile = await turnstile(t);
      const receiver = await t.receive(queue, () => stile.pass(), { concurrency: 5 });
      await t.until(stile.inside.entered.reaches(5), '5 handlers at once');
      assert.equal(stile.inside.most, 5);
      receiver.changeConcurrency(10);
      await t.until(stile.inside.entered.reaches(10), '10 handlers at once');
      assert.equal(stile.inside.inside, 10);
    },

    'should handle fewer at once when it was lowered': async (t) => {
      const queue = await t.queue();
      await t.sendAll(queue, thirty);
      const stile = await turnstile(t);
      const receiver = await t.receive(queue, () => stile.pass(), { concurrency: 10 });
      await t.until(stile.inside.entered.reaches(10), '10 handlers at once');
      receiver.changeConcurrency(2);
      stile.letOut(8);
      await t.until(stile.left.reaches(8), '8 handlers to end');
      stile.inside.restart();
      stile.letOut(2);
      await t.until(stile.inside.entered.reaches(12), 'the next two handlers');
      stile.letOut(2);
      await t.until(stile.inside.entered.reaches(14), 'two more handlers');
      assert.equal(stile.inside.most, 2);
    },

    'should take the last of several values': async (t) => {
      const queue = await t.queue();
      await t.sendAll(queue, thirty);
      const stile = await turnstile(t);
      const receiver = await t.receive(queue, () => stile.pass(), { concurrency: 2 });
      await t.until(stile.inside.entered.reaches(2), '2 handlers at once');
      for (const concurrency of [9, 1, 20, 4]) receiver.changeConcurrency(concurrency);
      // Twenty may have slipped in for a moment, but no more than four come after them.
      await t.until(stile.inside.entered.reaches(4), '4 handlers at once');
      stile.letOut(stile.inside.inside);
      await t.until(stile.inside.entered.reaches(stile.left.count + 4), '4 new handlers');
      stile.inside.restart();
      assert.ok(stile.inside.inside <= 4, `${stile.inside.inside} handlers at once`);
    },

    'should leave the message in its handler alone': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const stile = await turnstile(t);
      const receiver = await t.receive(
        queue,
        async (attempt) => {
          inbox.add(attempt);
          await stile.pass();
        },
        { concurrency: 4 },
      );
      await t.send(queue);
      const { delivery } = await inbox.has(1);
      receiver.changeConcurrency(1);
      receiver.changeConcurrency(6);
      assert.equal(delivery.lost, false);
      assert.equal(delivery.signal.aborted, false);
      stile.letOut(1);
      await t.stop(receiver);
      assert.equal(inbox.attempts.length, 1);
      await t.expectEmpty(queue);
    },

    'should go on dealing with failures': async (t) => {
      const queue = await t.queue();
      const errors = await t.queue('errors');
      const inbox = t.inbox();
      const failing = t.gate();
      const entered = t.gate();
      const receiver = await t.receive(
        queue,
        async () => {
          entered.open();
          await failing.passed;
          throw new Error('on purpose');
        },
        {
          onError: async ({ headers, delivery }) => {
            await t.connection.dispatch([
              {
                destination: { kind: 'queue', queue: errors },
                message: { headers, body: delivery.body },
              },
            ]);
            return { action: 'settle' };
          },
        },
      );
      await t.send(queue, { id: 'fails' });
      await t.until(entered.passed, 'the handler');
      receiver.changeConcurrency(1);
      failing.open();
      await t.receive(errors, (attempt) => inbox.add(attempt));
      await inbox.has(1);
      assert.deepEqual(inbox.ids, ['fails']);
    },
  },
);
