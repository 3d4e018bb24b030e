import assert from 'node:assert/strict';
import { toTopics } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';

export const whenPublishingADerivedEvent = scenario(
  'when publishing a derived event',
  {},
  {
    'should reach the subscriber of its base, once': async (t) => {
      const [derived, base] = [t.name('derived'), t.name('base')];
      const queue = await t.queue();
      await t.connection.subscriptions.subscribe(queue, [base]);
      const inbox = t.inbox();
      const receiver = await t.receive(queue, (attempt) => inbox.add(attempt));
      await t.dispatch([
        toTopics([derived, base], { id: 'derived' }),
        toTopics([base], { id: 'base' }),
      ]);
      await inbox.has(2);
      await t.stop(receiver);
      assert.deepEqual(inbox.ids.toSorted(), ['base', 'derived']);
      await t.expectEmpty(queue);
    },

    'should reach a queue once that subscribed to both': async (t) => {
      const [derived, base] = [t.name('derived'), t.name('base')];
      const queue = await t.queue();
      await t.connection.subscriptions.subscribe(queue, [derived, base]);
      const inbox = t.inbox();
      const receiver = await t.receive(queue, (attempt) => inbox.add(attempt));
      await t.dispatch([toTopics([derived, base])]);
      await inbox.has(1);
      await t.stop(receiver);
      await t.expectEmpty(queue);
      assert.equal(inbox.attempts.length, 1);
    },

    'should keep base events from the subscriber of the derived one': async (t) => {
      const [derived, base] = [t.name('derived'), t.name('base')];
      const [queue, other] = [await t.queue(), await t.queue('other')];
      await t.connection.subscriptions.subscribe(queue, [derived]);
      await t.connection.subscriptions.subscribe(other, [base]);
      const inbox = t.inbox();
      await t.receive(other, (attempt) => inbox.add(attempt));
      await t.dispatch([toTopics([base])]);
      await inbox.has(1);
      await t.expectEmpty(queue);
    },

    'should reach the subscriber of the base with a type that it never heard of': async (t) => {
      const base = t.name('base');
      const queue = await t.queue();
      await t.connection.subscriptions.subscribe(queue, [base]);
      const publisher = await t.connect();
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt));
      const chain = [t.name('newest'), t.name('newer'), base];
      await t.dispatch([toTopics(chain, { id: 'new' })], publisher);
      await inbox.has(1);
      assert.deepEqual(inbox.ids, ['new']);
    },

    'should reach subscribers at every step of the chain': async (t) => {
      const chain = [t.name('derived'), t.name('middle'), t.name('base')];
      const inbox = t.inbox();
      const queues: string[] = [];
      for (const topic of chain) {
        const queue = await t.queue(topic);
        queues.push(queue);
        await t.connection.subscriptions.subscribe(queue, [topic]);
        await t.receive(queue, (attempt) => inbox.add(attempt));
      }
      await t.dispatch([toTopics(chain)]);
      await inbox.has(3);
      const received = inbox.attempts.map(({ delivery }) => delivery.queue);
      assert.deepEqual(received.toSorted(), queues.toSorted());
    },
  },
);
