import assert from 'node:assert/strict';
import type { TransportOperation } from '@busbar/core';
import { bytes, toQueue, toTopics } from '../support/operations.ts';
import type { PersistenceContext } from './support/persistence-context.ts';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { claimed, lane } from './support/stored.ts';

/** Comparable byte for byte, whatever kind of array holds the body. */
function comparable({ message, ...rest }: TransportOperation): unknown {
  const body = Buffer.from(message.body).toString('base64');
  return { ...rest, headers: { ...message.headers }, body };
}

/** Stores the operations, then reads them as a redelivery and as the relay would. */
async function survive(
  t: PersistenceContext,
  operations: readonly TransportOperation[],
): Promise<void> {
  const id = t.name('message');
  const expected = operations.map(comparable);
  await t.store({ operations }, id);
  const opened = await t.look(id);
  assert.ok(opened.state === 'stored', `it is ${opened.state}`);
  assert.deepEqual(opened.operations.map(comparable), expected);
  const other = await t.connect();
  const [record] = await t.eventually(() => claimed(other.outbox), 'the record');
  assert.deepEqual(record?.operations.map(comparable), expected);
}

export const whenOperationsAreStored = persistenceScenario(
  'when operations are stored',
  ['outbox'],
  {
    'should keep every byte value of a body': async (t) => {
      const body = Uint8Array.from({ length: 512 }, (_, index) => index % 256);
      await survive(t, [toQueue('queue', { body })]);
    },

    'should keep an empty body, and a view into a larger buffer': async (t) => {
      const view = new Uint8Array(new ArrayBuffer(64), 16, 8).fill(7);
      await survive(t, [
        toQueue('queue', { body: new Uint8Array() }),
        toQueue('queue', { body: view }),
      ]);
    },

    'should keep a body of a megabyte': async (t) => {
      const body = Uint8Array.from({ length: 1_048_576 }, (_, index) => (index * 31) % 251);
      await survive(t, [toQueue('queue', { body }), toQueue('queue')]);
    },

    'should keep unusual headers': async (t) => {
      const headers = {
        'x-empty': '',
        'x-blank': '  both ends  ',
        'x-unicode': 'größe 注文 🚌',
        'x-quotes': `'single' "double" \\ \u0000 \u001f`,
        'x-lines': 'one\r\ntwo\tthree',
        'x-long': 'x'.repeat(20_000),
        'X-Größe-🚌': 'in the name',
        __proto__x: 'nearly',
      };
      await survive(t, [toQueue('queue', { headers })]);
    },

    'should keep destinations, times, and what is for the transport alone': async (t) => {
      const properties = { 'routing-key': 'a.b.c', empty: '', größe: '🚌' };
      await survive(t, [
        toQueue('queue', { deliverAt: 1_900_000_000_123 }),
        toQueue("queue 'quoted' 🚌", { expiresAt: 1_900_000_000_456 }),
        toTopics(['Sales.OrderPlaced', 'Sales.Event'], { body: bytes('größe') }),
        { ...toQueue('queue'), properties },
        { ...toQueue('queue'), properties: {} },
        toQueue('queue', { deliverAt: 0 }),
      ]);
    },

    'should keep many, in their order': async (t) => {
      const operations = Array.from({ length: 300 }, (_, index) =>
        toQueue(`queue-${index % 7}`, { id: `operation-${index}` }),
      );
      await survive(t, operations);
    },

    'should keep them in a lane as well': async (t) => {
      const partitionKey = t.name('key');
      const body = Uint8Array.from({ length: 256 }, (_, index) => index);
      const headers = { 'x-unicode': 'größe 注文 🚌', 'x-empty': '' };
      const operations = [
        toQueue('queue', { partitionKey, body, headers, deliverAt: 1_900_000_000_123 }),
        { ...toTopics(['Some.Topic'], { partitionKey }), properties: { one: 'two' } },
        toQueue('queue', { partitionKey, body: new Uint8Array() }),
      ];
      await t.store({ operations });
      const taken = await lane(t.connection, partitionKey);
      assert.deepEqual(taken?.operations.map(comparable), operations.map(comparable));
    },
  },
);
