import assert from 'node:assert/strict';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { graceMs, idsOf, keyed, lane, long, sends } from './support/stored.ts';
import type { PersistenceContext } from './support/persistence-context.ts';

/** Claims the lane, which must be there. */
async function held(
  t: PersistenceContext,
  key: string,
  request: Parameters<typeof lane>[2] = {},
  connection = t.connection,
) {
  const taken = await t.until(lane(connection, key, request), `lane ${key}`);
  assert.ok(taken !== undefined, `lane ${key} should be free`);
  assert.equal(taken.key, key);
  return taken;
}

const unusual = [`it's "quoted"; --`, 'größe 🚌 注文', 'k'.repeat(200), '  ', '%_\\', '[1]'];

export const whenALaneIsClaimed = persistenceScenario('when a lane is claimed', ['outbox'], {
  'should give the operations of the key at once, in order': async (t) => {
    await t.store({ operations: keyed('a', 'one', 'two') });
    await t.store({ operations: [...keyed('b', 'other'), ...keyed('a', 'three')] });
    await t.store({ operations: [...sends('direct'), ...keyed('a', 'four')] });
    const taken = await held(t, 'a', { graceMs: long });
    assert.deepEqual(idsOf(taken.operations), ['one', 'two', 'three', 'four']);
  },

  'should give no more than asked for': async (t) => {
    await t.store({ operations: keyed('a', 'one', 'two', 'three') });
    const taken = await held(t, 'a', { limit: 2 });
    assert.deepEqual(idsOf(taken.operations), ['one', 'two']);
    await t.connection.outbox.settleLane(taken, 2, 0);
    assert.deepEqual(idsOf((await held(t, 'a')).operations), ['three']);
  },

  'should give nothing of a key that has nothing': async (t) => {
    await t.store({ operations: keyed('a', 'one') });
    assert.equal(await lane(t.connection, 'b'), undefined);
  },

  'should let one hold a key': async (t) => {
    const other = await t.connect();
    await t.store({ operations: keyed('a', 'one', 'two', 'three') });
    await held(t, 'a', { limit: 1 });
    assert.equal(await lane(t.connection, 'a'), undefined);
    assert.equal(await lane(other, 'a'), undefined);
    await t.never(() => lane(other), 'lane that is held');
    await t.store({ operations: keyed('a', 'four') });
    assert.equal(await lane(other, 'a'), undefined, 'what came since is behind what is held');
  },

  'should let exactly one of several at the same time have the key': async (t) => {
    const connections = [t.connection, await t.connect(), t.connection, await t.connect()];
    for (let round = 0; round < 15; round += 1) {
      const key = t.name('key');
      await t.store({ operations: keyed(key, 'one', 'two') });
      const claims = connections.map((connection) => lane(connection, key));
      const taken = (await t.until(Promise.all(claims), 'four claims')).filter(Boolean);
      assert.equal(taken.length, 1, `${taken.length} hold the key`);
    }
  },

  'should keep keys independent': async (t) => {
    await t.store({ operations: [...keyed('a', 'one'), ...keyed('b', 'two')] });
    await held(t, 'a');
    assert.deepEqual(idsOf((await held(t, 'b')).operations), ['two']);
  },

  'should remove what was sent, and leave the rest first': async (t) => {
    const { outbox } = t.connection;
    await t.store({ operations: keyed('a', 'one', 'two', 'three') });
    await outbox.settleLane(await held(t, 'a'), 1, 0);
    await t.store({ operations: keyed('a', 'four') });
    const next = await held(t, 'a');
    assert.deepEqual(idsOf(next.operations), ['two', 'three', 'four']);
    await outbox.settleLane(next, 0, 0);
    assert.deepEqual(idsOf((await held(t, 'a')).operations), ['two', 'three', 'four']);
  },

  'should be empty when all was sent, and be filled anew': async (t) => {
    const { outbox } = t.connection;
    await t.store({ operations: keyed('a', 'one', 'two') });
    await outbox.settleLane(await held(t, 'a'), 2, 0);
    assert.equal(await lane(t.connection, 'a'), undefined);
    assert.equal((await outbox.backlog()).waiting, 0);
    await t.store({ operations: keyed('a', 'three') });
    assert.deepEqual(idsOf((await held(t, 'a')).operations), ['three']);
  },

  'should keep the place of what was committed while it was held': async (t) => {
    await t.store({ operations: keyed('a', 'one') });
    const taken = await held(t, 'a');
    await t.store({ operations: keyed('a', 'two') });
    await t.connection.outbox.settleLane(taken, 1, 0);
    assert.deepEqual(idsOf((await held(t, 'a')).operations), ['two']);
  },

  'should rest for as long as its holder says': async (t) => {
    const { outbox } = t.connection;
    await t.store({ operations: [...keyed('a', 'one', 'two'), ...keyed('b', 'beside')] });
    await outbox.settleLane(await held(t, 'a'), 1, long);
    assert.deepEqual(idsOf((await held(t, 'b')).operations), ['beside']);
    await t.never(() => lane(t.connection, 'a'), 'lane that rests');
    await t.never(() => lane(t.connection), 'lane that rests');
  },

  'should be given again when its rest is over': async (t) => {
    await t.store({ operations: keyed('a', 'one', 'two') });
    await t.connection.outbox.settleLane(await held(t, 'a'), 1, 50);
    const next = await t.eventually(() => lane(t.connection, 'a'), 'the lane after its rest');
    assert.deepEqual(idsOf(next.operations), ['two']);
  },

  'should be given to another when its lease has passed': async (t) => {
    const other = await t.connect();
    await t.store({ operations: keyed('a', 'one', 'two') });
    const late = await held(t, 'a', { leaseMs: 50 });
    const next = await t.eventually(() => lane(other, 'a'), 'the lane after its lease');
    assert.deepEqual(idsOf(next.operations), ['one', 'two']);
    await t.connection.outbox.settleLane(late, 2, 0);
    assert.equal(await lane(t.connection, 'a'), undefined, 'the second holder still has it');
    await other.outbox.settleLane(next, 1, 0);
    assert.deepEqual(idsOf((await held(t, 'a')).operations), ['two'], 'the late one removed none');
  },

  'should give any lane that nobody sends, when its grace is over': async (t) => {
    await t.store({ operations: keyed('a', 'one', 'two') });
    await t.store({ operations: keyed('b', 'three') });
    await t.never(() => lane(t.connection, undefined, { graceMs: long }), 'lane within its grace');
    const taken = new Map<string, string[]>();
    await t.eventually(async () => {
      const next = await lane(t.connection, undefined, { graceMs });
      if (next !== undefined) {
        assert.ok(!taken.has(next.key), `lane ${next.key} is held already`);
        taken.set(next.key, idsOf(next.operations));
      }
      return taken.size === 2 || undefined;
    }, 'two lanes');
    assert.deepEqual(taken.get('a'), ['one', 'two']);
    assert.deepEqual(taken.get('b'), ['three']);
  },

  'should give none of another endpoint': async (t) => {
    const other = await t.connect(t.name('other'));
    await t.store({ operations: keyed('a', 'mine') });
    await t.store({ operations: keyed('a', 'its') }, t.name('message'), other);
    assert.deepEqual(idsOf((await held(t, 'a')).operations), ['mine']);
    assert.deepEqual(idsOf((await held(t, 'a', {}, other)).operations), ['its']);
  },

  'should tell unusual keys apart': async (t) => {
    for (const key of unusual) await t.store({ operations: keyed(key, key) });
    for (const key of unusual) {
      const taken = await held(t, key);
      assert.deepEqual(idsOf(taken.operations), [key]);
      await t.connection.outbox.settleLane(taken, 1, 0);
    }
    assert.equal(await lane(t.connection, 'K'.repeat(200)), undefined);
  },

  'should leave operations with a key out of the records': async (t) => {
    await t.store({ operations: [...keyed('a', 'in-lane'), ...sends('direct')] });
    const claim = { limit: 10, graceMs, leaseMs: long };
    const look = async (): Promise<string[] | undefined> => {
      const records = await t.connection.outbox.claim(claim);
      return records.length === 0 ? undefined : records.flatMap((one) => idsOf(one.operations));
    };
    assert.deepEqual(await t.eventually(look, 'the record'), ['direct']);
    await t.never(look, 'second record');
  },
});
