import assert from 'node:assert/strict';
import type { Receiver } from '@busbar/core';
import { scenario } from '../support/scenario.ts';

export const whenAskedForHealth = scenario(
  'when asked for health',
  {},
  {
    'should tell the progress of a receiver': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const gate = t.gate();
      const receiver = t.connection.createReceiver({
        queue,
        concurrency: 4,
        suspicionAfter: 50,
        ordered: false,
      });
      assert.equal(receiver.queue, queue);
      assert.equal(receiver.health().receiving, false);
      await t.start(receiver, async (attempt) => {
        inbox.add(attempt);
        if (inbox.attempts.length === 3) await gate.passed;
      });
      assert.equal(receiver.health().receiving, true);
      for (let count = 1; count <= 3; count += 1) {
        await t.send(queue);
        await inbox.has(count);
        const settled = Math.min(count, 2);
        await t.until(settles(receiver, settled), `${settled} messages to be settled`);
      }
      assert.equal(receiver.health().inFlight, 1);
      gate.open();
      await t.stop(receiver);
      const health = receiver.health();
      assert.equal(health.queue, queue);
      assert.equal(health.settled, 3);
      assert.equal(health.inFlight, 0);
      assert.equal(health.receiving, false);
      assert.ok(health.msSinceProgress >= 0 && health.msSinceProgress < 60_000);
    },

    'should tell whether it is connected': async (t) => {
      const connection = await t.connect();
      assert.deepEqual(connection.health(), { connected: true });
      await t.until(connection.close(), 'the close');
      assert.equal(connection.health().connected, false);
    },
  },
);

/** A handler that has returned counts as in flight until the broker has taken the settlement. */
async function settles(receiver: Receiver, count: number): Promise<void> {
  while (receiver.health().settled < count) await new Promise((turn) => setImmediate(turn));
}
