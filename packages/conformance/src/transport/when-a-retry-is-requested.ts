import assert from 'node:assert/strict';
import { headerNames } from '@busbar/core';
import { bytes, toQueue } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';

export const whenARetryIsRequested = scenario(
  'when a retry is requested',
  { modes: 'each' },
  {
    'should try again and count the failures': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const counts: number[] = [];
      const receiver = await t.receive(
        queue,
        (attempt) => {
          inbox.add(attempt);
          if (attempt.failures < 3) throw new Error('on purpose');
        },
        {
          onError: async ({ failures }) => {
            counts.push(failures);
            return { action: 'retry' };
          },
        },
      );
      await t.send(queue);
      await inbox.has(4);
      await t.stop(receiver);
      assert.deepEqual(
        inbox.attempts.map(({ failures }) => failures),
        [0, 1, 2, 3],
      );
      assert.deepEqual(counts, [1, 2, 3]);
      await t.expectEmpty(queue);
    },

    'should start from the headers and the body as received': async (t) => {
      const queue = await t.queue();
      const seen: { custom: string | undefined; added: string | undefined; body: Uint8Array }[] =
        [];
      const inbox = t.inbox();
      await t.receive(
        queue,
        (attempt) => {
          const { headers, delivery } = attempt;
          seen.push({
            custom: headers['x-custom'],
            added: headers['x-added'],
            body: Uint8Array.from(delivery.body),
          });
          inbox.add(attempt);
          headers['x-custom'] = 'changed';
          headers['x-added'] = 'added';
          delete headers[headerNames.messageId];
          if (attempt.failures < 2) throw new Error('on purpose');
        },
        { onError: async () => ({ action: 'retry' }) },
      );
      await t.send(queue, { headers: { 'x-custom': 'value' }, body: 'the body' });
      await inbox.has(3);
      const original = { custom: 'value', added: undefined, body: bytes('the body') };
      assert.deepEqual(seen, [original, original, original]);
      const [first, second] = inbox.attempts;
      assert.notEqual(first?.headers, second?.headers, 'every attempt has headers of its own');
    },

    'should wait as long as asked on the delivery that is still held': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      const times: number[] = [];
      await t.receive(
        queue,
        (attempt) => {
          times.push(performance.now());
          inbox.add(attempt);
          if (attempt.failures === 0) throw new Error('on purpose');
        },
        { onError: async () => ({ action: 'retry', afterMs: 60 }) },
      );
      await t.send(queue);
      const { delivery } = await inbox.has(2);
      assert.equal(delivery, inbox.attempts[0]?.delivery, 'the same delivery');
      const [first = 0, second = 0] = times;
      // Timers may fire up to a millisecond early.
      assert.ok(second - first >= 58, `waited ${second - first} ms`);
    },

    'should count anew for another copy with the same logical id': async (t) => {
      const queue = await t.queue();
      const inbox = t.inbox();
      await t.receive(
        queue,
        (attempt) => {
          inbox.add(attempt);
          if (attempt.headers[headerNames.copy] === undefined) throw new Error('on purpose');
        },
        {
          onError: async ({ failures, headers, delivery }) => {
            if (failures < 2) return { action: 'retry' };
            const copy = {
              message: { headers: { ...headers, [headerNames.copy]: '1' }, body: delivery.body },
              destination: { kind: 'queue' as const, queue },
            };
            await t.dispatch([copy]);
            return { action: 'settle' };
          },
        },
      );
      await t.dispatch([toQueue(queue, { id: 'same' })]);
      const { failures } = await inbox.has(3);
      assert.equal(failures, 0);
      assert.deepEqual(inbox.ids, ['same', 'same', 'same']);
    },
  },
);
