import assert from 'node:assert/strict';
import { scenario } from '../support/scenario.ts';

export const whenAMessageIsAvailable = scenario(
  'when a message is available',
  { modes: 'each' },
  {
    'should hand over its headers, its exact body and a native id': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt));
      const body = new Uint8Array([1, 0, 255, 128, 10]);
      await t.send(queue, { id: 'one', headers: { 'x-custom': 'value' }, body });
      const { delivery, headers, failures } = await inbox.has(1);
      assert.notEqual(delivery.nativeId, '');
      assert.equal(delivery.queue, queue);
      assert.equal(headers['x-custom'], 'value');
      assert.equal(delivery.headers['x-custom'], 'value');
      assert.deepEqual(Uint8Array.from(delivery.body), body);
      assert.equal(failures, 0);
    },

    'should say that the delivery is the first one and is held': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const states: boolean[] = [];
      await t.receive(queue, (attempt) => {
        states.push(attempt.delivery.lost, attempt.delivery.signal.aborted);
        states.push(attempt.delivery.diedAlone);
        inbox.add(attempt);
      });
      await t.send(queue);
      const { delivery } = await inbox.has(1);
      assert.deepEqual(states, [false, false, false]);
      assert.equal(delivery.poison, undefined);
      if (t.capabilities.deliveryCount) assert.equal(delivery.deliveryCount, 1);
    },

    'should be gone once it is handled': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const receiver = await t.receive(queue, (attempt) => inbox.add(attempt));
      await t.send(queue);
      await inbox.has(1);
      await t.stop(receiver);
      await t.expectEmpty(queue);
      assert.equal(inbox.attempts.length, 1);
    },

    'should be handled when it was sent before the receiver started': async (t) => {
      const queue = await t.queue();
      await t.sendAll(queue, ['early-1', 'early-2']);
      const inbox = t.inbox();
      await t.receive(queue, (attempt) => inbox.add(attempt));
      await inbox.has(2);
      assert.deepEqual(inbox.ids.toSorted(), ['early-1', 'early-2']);
    },

    'should not be settled before its handler has ended': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const gate = t.gate();
      const receiver = await t.receive(queue, async (attempt) => {
        inbox.add(attempt);
        await gate.passed;
      });
      await t.send(queue, { id: 'unsettled' });
      await inbox.has(1);
      // Whoever settles too early has nothing left to give back.
      await t.stop(receiver, AbortSignal.abort());
      const second = t.inbox();
      await t.receive(queue, (attempt) => second.add(attempt));
      await second.has(1);
      assert.deepEqual(second.ids, ['unsettled']);
    },
  },
);
