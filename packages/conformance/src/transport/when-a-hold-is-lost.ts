import assert from 'node:assert/strict';
import { toQueue } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';
import type { ScenarioContext } from '../support/scenario-context.ts';
import type { Inbox } from '../support/inbox.ts';
import type { Gate } from '../support/signals.ts';

export const whenAHoldIsLost = scenario(
  'when a hold is lost',
  { modes: 'each' },
  {
    'should tell the handler and deliver the message again': async (t) => {
      const { inbox } = await heldByOne(t);
      const { delivery } = await inbox.has(1);
      const fired = t.gate();
      delivery.signal.addEventListener('abort', fired.open);
      await t.hook('loseHold').call(t.harness, delivery);
      await t.until(fired.passed, 'the signal');
      assert.equal(delivery.lost, true);
      await inbox.has(2);
      assert.deepEqual(inbox.ids, ['held', 'held']);
    },

    'should refuse what the first attempt does afterwards': async (t) => {
      const { inbox, gate, queue, other } = await heldByOne(t);
      const { delivery } = await inbox.has(1);
      await t.hook('loseHold').call(t.harness, delivery);
      await inbox.has(2);
      if (delivery.settleWith !== undefined) {
        await assert.rejects(delivery.settleWith([toQueue(other)]), /DELIVERY_LOST/);
        await t.expectEmpty(other);
      }
      gate.open();
      await t.until(delivered(t, queue, inbox), 'the second attempt to settle');
      assert.deepEqual(t.criticals, [], 'a lost hold is not critical');
    },
  },
);

interface Held {
  readonly queue: string;
  readonly other: string;
  readonly inbox: Inbox;
  /** Lets the first attempt return. */
  readonly gate: Gate;
}

async function heldByOne(t: ScenarioContext): Promise<Held> {
  const queue = await t.queue();
  const other = await t.queue('other');
  const inbox = t.inbox();
  const gate = t.gate();
  const receiver = t.connection.createReceiver({
    queue,
    concurrency: 4,
    suspicionAfter: 50,
    ordered: false,
  });
  t.cleanUp(() => receiver.stop(AbortSignal.abort()));
  await receiver.start(
    async (attempt) => {
      inbox.add(attempt);
      if (inbox.attempts.length === 1) {
        await gate.passed;
        return 'settle';
      }
      return t.complete(attempt);
    },
    async ({ error }) => {
      t.fail(error);
      return { action: 'release' };
    },
  );
  await t.send(queue, { id: 'held' });
  return { queue, other, inbox, gate };
}

/** The queue is empty, and the message was attempted twice and no more. */
async function delivered(t: ScenarioContext, queue: string, inbox: Inbox): Promise<void> {
  const after = t.inbox();
  await t.receive(queue, (attempt) => after.add(attempt), { concurrency: 1 });
  await t.send(queue, { id: 'fence' });
  await Promise.race([after.has(1), inbox.has(3)]);
  assert.deepEqual(
    [...inbox.ids, ...after.ids].filter((id) => id === 'held'),
    ['held', 'held'],
  );
}
