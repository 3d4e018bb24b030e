import assert from 'node:assert/strict';
import { toQueue } from '../support/operations.ts';
import { scenario } from '../support/scenario.ts';
import type { ScenarioContext } from '../support/scenario-context.ts';

export const whenBodiesDiffer = scenario(
  'when bodies differ',
  {},
  {
    'should carry an empty one': (t) => expectCarried(t, new Uint8Array()),

    'should carry a single byte': (t) => expectCarried(t, new Uint8Array([0])),

    'should carry every byte value': (t) =>
      expectCarried(
        t,
        Uint8Array.from({ length: 256 }, (_, index) => index),
      ),

    'should carry control characters': (t) =>
      expectCarried(
        t,
        new TextEncoder().encode('\u0000\u0001\u000b\u001b\u007f\ufffe\uffff\r\n\t'),
      ),

    'should carry the largest one': (t) => expectCarried(t, pattern(t.capabilities.maxBodyBytes)),

    'should carry a view into a larger buffer': (t) =>
      expectCarried(t, pattern(1_000).subarray(100, 164)),

    'should refuse one beyond the limit, for that operation alone': async (t) => {
      const queue = await t.queue();
      const tooLarge = pattern(t.capabilities.maxBodyBytes + 1);
      const dispatching = t.connection.dispatch([
        toQueue(queue, { id: 'before' }),
        toQueue(queue, { id: 'too-large', body: tooLarge }),
        toQueue(queue, { id: 'after' }),
      ]);
      const results = await t.until(dispatching, 'the dispatch');
      assert.deepEqual(
        results.map(({ outcome }) => outcome),
        ['confirmed', 'undeliverable', 'confirmed'],
      );
      const inbox = t.inbox();
      const receiver = await t.receive(queue, (attempt) => inbox.add(attempt));
      await inbox.has(2);
      await t.stop(receiver);
      assert.deepEqual(inbox.ids.toSorted(), ['after', 'before']);
    },
  },
);

async function expectCarried(t: ScenarioContext, body: Uint8Array): Promise<void> {
  const queue = await t.queue();
  const inbox = t.inbox();
  await t.send(queue, { body });
  const stored = (await t.until(t.connection.queues.peek(queue, 1), 'a peek'))[0];
  assert.equal(Buffer.compare(stored?.body ?? new Uint8Array([9]), body), 0, 'the stored body');
  await t.receive(queue, (attempt) => inbox.add(attempt));
  const { delivery } = await inbox.has(1);
  assert.equal(delivery.body.byteLength, body.byteLength);
  assert.equal(Buffer.compare(delivery.body, body), 0, 'the received body');
}

function pattern(length: number): Uint8Array {
  const body = Buffer.alloc(length, 'Busbar: every byte counts. ');
  if (length > 0) body[length - 1] = 255;
  return body;
}
