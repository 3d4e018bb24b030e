import assert from 'node:assert/strict';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { claimed, idsOf, idsOfRecords, keyed, lane, long, sends } from './support/stored.ts';

export const whenJoiningATransaction = persistenceScenario(
  'when joining a transaction',
  ['outbox'],
  {
    'should keep the operations with what its user writes, if it commits': async (t) => {
      const key = t.name('key');
      const own = await t.until(t.hook('begin')(), 'a transaction');
      await t.harness.write(own.storage, key, 'committed');
      await t.until(t.connection.join(own.storage, sends('one', 'two')), 'the join');
      await own.commit();
      assert.equal(await t.read(key), 'committed');
      const records = await t.eventually(() => claimed(t.connection.outbox), 'the record');
      assert.deepEqual(
        records.map(({ operations }) => idsOf(operations)),
        [['one', 'two']],
      );
    },

    'should keep nothing if it is rolled back': async (t) => {
      const key = t.name('key');
      const own = await t.until(t.hook('begin')(), 'a transaction');
      await t.harness.write(own.storage, key, 'never');
      await t.until(
        t.connection.join(own.storage, [...sends('one'), ...keyed('a', 'two')]),
        'the join',
      );
      await own.rollback();
      assert.equal(await t.read(key), undefined);
      await t.never(() => claimed(t.connection.outbox), 'record');
      assert.equal(await lane(t.connection, 'a'), undefined);
    },

    'should give them to the relay without a grace': async (t) => {
      const own = await t.until(t.hook('begin')(), 'a transaction');
      await t.until(t.connection.join(own.storage, sends('one')), 'the join');
      await own.commit();
      const request = { graceMs: long };
      const records = await t.eventually(
        () => claimed(t.connection.outbox, request),
        'the record',
        10,
      );
      assert.deepEqual(idsOfRecords(records), ['one']);
    },

    'should put operations with a partition key into their lane, without a grace': async (t) => {
      const own = await t.until(t.hook('begin')(), 'a transaction');
      const operations = [...keyed('a', 'one'), ...keyed('b', 'other'), ...keyed('a', 'two')];
      await t.until(t.connection.join(own.storage, operations), 'the join');
      await own.commit();
      const taken = new Map<string, string[]>();
      await t.eventually(
        async () => {
          const next = await lane(t.connection, undefined, { graceMs: long });
          if (next !== undefined) taken.set(next.key, idsOf(next.operations));
          return taken.size === 2 || undefined;
        },
        'two lanes',
        10,
      );
      assert.deepEqual(taken.get('a'), ['one', 'two']);
      assert.deepEqual(taken.get('b'), ['other']);
    },

    'should keep what was joined in several calls, and no more': async (t) => {
      const own = await t.until(t.hook('begin')(), 'a transaction');
      await t.until(t.connection.join(own.storage, sends('one')), 'the first join');
      await t.until(t.connection.join(own.storage, sends('two', 'three')), 'the second join');
      await own.commit();
      const ids: string[] = [];
      await t.eventually(async () => {
        ids.push(...idsOfRecords((await claimed(t.connection.outbox)) ?? []));
        return ids.length >= 3 || undefined;
      }, 'three operations');
      assert.deepEqual(ids.toSorted(), ['one', 'three', 'two']);
      await t.never(() => claimed(t.connection.outbox), 'further record');
    },

    'should give them to the endpoint that joined alone': async (t) => {
      const other = await t.connect(t.name('other'));
      const own = await t.until(t.hook('begin')(), 'a transaction');
      await t.until(other.join(own.storage, sends('its')), 'the join');
      await own.commit();
      await t.never(() => claimed(t.connection.outbox), 'record of another endpoint');
      assert.deepEqual(
        idsOfRecords(await t.eventually(() => claimed(other.outbox), 'the record')),
        ['its'],
      );
    },
  },
);
