import assert from 'node:assert/strict';
import { idOf } from '../support/inbox.ts';
import { scenario } from '../support/scenario.ts';
import type { ScenarioContext } from '../support/scenario-context.ts';

async function stored(t: ScenarioContext, queue: string): Promise<string[]> {
  return (await t.until(t.connection.queues.peek(queue, 100), 'a peek')).map(idOf);
}

async function nativeIds(t: ScenarioContext, queue: string): Promise<string[]> {
  const messages = await t.until(t.connection.queues.peek(queue, 100), 'a peek');
  return messages.map(({ nativeId }) => nativeId);
}

export const whenOperatingQueues = scenario(
  'when operating queues',
  {},
  {
    'should show the oldest messages and leave them where they are': async (t) => {
      const queue = await t.queue();
      await t.sendAll(queue, ['one', 'two', 'three']);
      const two = await t.connection.queues.peek(queue, 2);
      assert.equal(two.length, 2);
      for (let round = 0; round < 3; round += 1) {
        assert.deepEqual((await stored(t, queue)).toSorted(), ['one', 'three', 'two']);
      }
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt));
      await inbox.has(3);
    },

    'should move chosen messages, with their bodies and other headers': async (t) => {
      const [from, to] = [await t.queue('from'), await t.queue('to')];
      await t.send(from, { id: 'stays' });
      const headers = { 'x-kept': 'kept', 'x-changed': 'before', 'x-removed': 'gone' };
      await t.send(from, { id: 'moves', headers, body: 'the body' });
      const messages = await t.connection.queues.peek(from, 10);
      const chosen = messages.filter((message) => idOf(message) === 'moves');
      const moved = await t.connection.queues.move({
        from,
        to,
        nativeIds: chosen.map(({ nativeId }) => nativeId),
        headers: { 'x-changed': 'after', 'x-removed': undefined, 'x-added': 'new' },
      });
      assert.equal(moved, 1);
      assert.deepEqual(await stored(t, from), ['stays']);
      const inbox = t.inbox();
      await t.receive(to, (attempt) => inbox.add(attempt));
      const arrived = await inbox.has(1);
      assert.equal(idOf(arrived), 'moves');
      assert.equal(arrived.headers['x-kept'], 'kept');
      assert.equal(arrived.headers['x-changed'], 'after');
      assert.equal(arrived.headers['x-added'], 'new');
      assert.ok(!('x-removed' in arrived.headers), 'x-removed is gone');
      assert.equal(new TextDecoder().decode(arrived.delivery.body), 'the body');
    },

    'should not mind when a message to move is gone': async (t) => {
      const [from, to] = [await t.queue('from'), await t.queue('to')];
      await t.sendAll(from, ['one', 'two']);
      const ids = await nativeIds(t, from);
      assert.equal(await t.connection.queues.move({ from, to, nativeIds: ids }), 2);
      assert.equal(await t.connection.queues.move({ from, to, nativeIds: ids }), 0);
      assert.deepEqual(await stored(t, from), []);
      assert.deepEqual((await stored(t, to)).toSorted(), ['one', 'two']);
    },

    'should keep the messages when the target of a move is missing': async (t) => {
      const from = await t.queue('from');
      await t.sendAll(from, ['one', 'two']);
      const request = { from, to: t.name('missing'), nativeIds: await nativeIds(t, from) };
      await assert.rejects(t.connection.queues.move(request));
      assert.deepEqual((await stored(t, from)).toSorted(), ['one', 'two']);
    },

    'should move within one queue without losing anything': async (t) => {
      const queue = await t.queue();
      await t.sendAll(queue, ['one', 'two']);
      const request = { from: queue, to: queue, nativeIds: await nativeIds(t, queue) };
      await t.until(t.connection.queues.move(request), 'the move');
      assert.deepEqual((await stored(t, queue)).toSorted(), ['one', 'two']);
    },

    'should deliver a moved message as a first one': async (t) => {
      const [from, to] = [await t.queue('from'), await t.queue('to')];
      await t.send(from, { id: 'moved' });
      await t.connection.queues.move({ from, to, nativeIds: await nativeIds(t, from) });
      const inbox = t.inbox();
      await t.receive(to, (attempt) => inbox.add(attempt));
      const { delivery } = await inbox.has(1);
      if (t.capabilities.deliveryCount) assert.equal(delivery.deliveryCount, 1);
    },

    'should list what waits, what is delayed and what is handled': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const gate = t.gate();
      await t.sendAll(queue, ['one', 'two', 'three']);
      const delays = t.capabilities.maxDelayMs > 0;
      const deliverAt = Date.now() + t.capabilities.maxDelayMs / 2;
      if (delays) await t.send(queue, { id: 'later', deliverAt });
      await t.receive(
        queue,
        async (attempt) => {
          inbox.add(attempt);
          await gate.passed;
        },
        { concurrency: 1 },
      );
      await inbox.has(1);
      const all = await t.until(t.connection.queues.list(), 'the list');
      const info = all.find(({ name }) => name === queue);
      assert.ok(info !== undefined, 'the queue is listed');
      assert.equal(info.ready + info.inFlight, 3);
      assert.ok(info.inFlight >= 1, `${info.inFlight} in flight`);
    },

    'should remove queues with what is in them, and no other': async (t) => {
      const [one, two] = [await t.queue('one'), await t.queue('two')];
      await t.sendAll(one, ['gone']);
      await t.sendAll(two, ['kept']);
      const { queues } = t.connection;
      await t.until(queues.remove([one, t.name('missing')]), 'the removal');
      assert.deepEqual(await queues.missing([one, two]), [one]);
      await queues.provision([{ name: one }]);
      assert.deepEqual(await stored(t, one), []);
      assert.deepEqual(await stored(t, two), ['kept']);
    },

    'should provision what is missing, again and again': async (t) => {
      const [one, two, three] = [t.name('one'), t.name('two'), t.name('three')];
      const { queues } = t.connection;
      assert.deepEqual(await queues.missing([one, two]), [one, two]);
      await queues.provision([{ name: one }]);
      await t.send(one, { id: 'kept' });
      await queues.provision([{ name: one }, { name: two }]);
      assert.deepEqual(await queues.missing([one, two, three]), [three]);
      assert.deepEqual(await stored(t, one), ['kept']);
      const names = (await queues.list()).map(({ name }) => name);
      assert.ok(names.includes(one) && names.includes(two) && !names.includes(three));
    },

    'should provision from eight connections at once': async (t) => {
      const names = Array.from({ length: 5 }, (_, index) => t.name(`queue-${index}`));
      const topics = [t.name('topic-one'), t.name('topic-two')];
      const connections = await Promise.all(Array.from({ length: 8 }, () => t.connect()));
      const provisioning = connections.map(async ({ queues, subscriptions }) => {
        await queues.provision(names.slice(0, 2).map((name) => ({ name })));
        for (const name of names) {
          await queues.provision([{ name }]);
          await subscriptions.subscribe(name, topics);
        }
      });
      await t.until(Promise.all(provisioning), 'eight provisionings');
      assert.deepEqual(await t.connection.queues.missing(names), []);
    },
  },
);
