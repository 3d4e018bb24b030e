import assert from 'node:assert/strict';
import { toTopics } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';

export const whenPublishing = scenario(
  'when publishing',
  {},
  {
    'should give one copy to every subscribed queue': async (t) => {
      const topic = t.name('topic');
      const queues = [await t.queue('one'), await t.queue('two'), await t.queue('three')];
      const inbox = t.inbox();
      for (const queue of queues) await t.connection.subscriptions.subscribe(queue, [topic]);
      const receivers = await Promise.all(
        queues.map((queue) => t.receive(queue, (attempt) => inbox.add(attempt))),
      );
      await t.dispatch([toTopics([topic], { id: 'event', headers: { 'x-custom': 'value' } })]);
      await inbox.has(3);
      for (const receiver of receivers) await t.stop(receiver);
      assert.equal(inbox.attempts.length, 3);
      const received = inbox.attempts.map(({ delivery }) => delivery.queue);
      assert.deepEqual(received.toSorted(), queues.toSorted());
      for (const { headers } of inbox.attempts) assert.equal(headers['x-custom'], 'value');
    },

    'should give one copy in all to the competing consumers of a queue': async (t) => {
      const topic = t.name('topic');
      const queue = await t.queue();
      await t.connection.subscriptions.subscribe(queue, [topic]);
      const inbox = t.inbox();
      const second = await t.connect();
      const receivers = [
        await t.receive(queue, (attempt) => inbox.add(attempt)),
        await t.receive(queue, (attempt) => inbox.add(attempt), { connection: second }),
      ];
      const ids = Array.from({ length: 20 }, (_, index) => `event-${index}`);
      await t.dispatch(ids.map((id) => toTopics([topic], { id })));
      await inbox.has(20);
      for (const receiver of receivers) await t.stop(receiver);
      assert.deepEqual(inbox.ids.toSorted(), ids.toSorted());
      await t.expectEmpty(queue);
    },

    'should confirm an event that nobody subscribed to': async (t) => {
      await t.dispatch([toTopics([t.name('unheard-of')])]);
    },

    'should give nothing to those who did not subscribe': async (t) => {
      const [topic, otherTopic] = [t.name('topic'), t.name('other-topic')];
      const [queue, other] = [await t.queue(), await t.queue('other')];
      await t.connection.subscriptions.subscribe(queue, [topic]);
      await t.connection.subscriptions.subscribe(other, [otherTopic]);
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt));
      await t.dispatch([toTopics([topic])]);
      await inbox.has(1);
      await t.expectEmpty(other);
    },

    'should give nothing to a queue that unsubscribed': async (t) => {
      const topic = t.name('topic');
      const [staying, leaving] = [await t.queue('staying'), await t.queue('leaving')];
      await t.connection.subscriptions.subscribe(staying, [topic]);
      await t.connection.subscriptions.subscribe(leaving, [topic]);
      await t.connection.subscriptions.unsubscribe(leaving, [topic]);
      await t.connection.subscriptions.unsubscribe(leaving, [topic]);
      const inbox = t.inbox();
      await t.receive(staying, (attempt) => inbox.add(attempt));
      await t.dispatch([toTopics([topic])]);
      await inbox.has(1);
      await t.expectEmpty(leaving);
    },

    'should give one copy to a queue that subscribed several times': async (t) => {
      const topic = t.name('topic');
      const queue = await t.queue();
      const second = await t.connect();
      await Promise.all([
        t.connection.subscriptions.subscribe(queue, [topic]),
        t.connection.subscriptions.subscribe(queue, [topic, topic]),
        second.subscriptions.subscribe(queue, [topic]),
      ]);
      const inbox = t.inbox();
      const receiver = await t.receive(queue, (attempt) => inbox.add(attempt));
      await t.dispatch([toTopics([topic])]);
      await inbox.has(1);
      await t.stop(receiver);
      await t.expectEmpty(queue);
      assert.equal(inbox.attempts.length, 1);
    },

    'should list what a queue subscribed to, where it can tell': async (t) => {
      const [one, two, three] = [t.name('one'), t.name('two'), t.name('three')];
      const queue = await t.queue();
      await t.connection.subscriptions.subscribe(queue, [one, two, three]);
      await t.connection.subscriptions.unsubscribe(queue, [two]);
      const listed = await t.connection.subscriptions.list(queue);
      t.needs(listed !== undefined, 'the broker cannot tell');
      assert.deepEqual(listed?.toSorted(), [one, three].toSorted());
    },

    'should keep the headers of one subscriber from the other': async (t) => {
      const topic = t.name('topic');
      const [first, second] = [await t.queue('first'), await t.queue('second')];
      await t.connection.subscriptions.subscribe(first, [topic]);
      await t.connection.subscriptions.subscribe(second, [topic]);
      const inbox = t.inbox();
      await t.receive(first, (attempt) => {
        attempt.headers['x-custom'] = 'changed';
        inbox.add(attempt);
      });
      await t.dispatch([toTopics([topic], { headers: { 'x-custom': 'value' } })]);
      await inbox.has(1);
      await t.receive(second, (attempt) => inbox.add(attempt));
      const { headers } = await inbox.has(2);
      assert.equal(headers['x-custom'], 'value');
    },
  },
);
