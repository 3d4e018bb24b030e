import assert from 'node:assert/strict';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { claimed, lane, keyed, sends } from './support/stored.ts';

export const whenASessionEnds = persistenceScenario('when a session ends', [], {
  'should keep what was written, with a commit': async (t) => {
    const [one, two] = [t.name('one'), t.name('two')];
    const session = await t.session();
    await t.write(session, one, 'first');
    await t.write(session, two, 'second');
    await t.commit(session);
    assert.equal(await t.read(one), 'first');
    assert.equal(await t.read(two), 'second');
  },

  'should keep the last of several values of one key': async (t) => {
    const key = t.name('key');
    for (const values of [
      ['one', 'two'],
      ['three', 'four', 'five'],
    ]) {
      const session = await t.session();
      for (const value of values) await t.write(session, key, value);
      await t.commit(session);
    }
    assert.equal(await t.read(key), 'five');
  },

  'should keep nothing, with a rollback': async (t) => {
    const key = t.name('key');
    const session = await t.session();
    await t.write(session, key, 'never');
    await t.rollback(session);
    assert.equal(await t.read(key), undefined);
  },

  'should leave the value of before, with a rollback': async (t) => {
    const key = t.name('key');
    const first = await t.session();
    await t.write(first, key, 'before');
    await t.commit(first);
    const second = await t.session();
    await t.write(second, key, 'never');
    await t.rollback(second);
    assert.equal(await t.read(key), 'before');
  },

  'should show nothing to others before': async (t) => {
    const key = t.name('key');
    const session = await t.session();
    await t.write(session, key, 'kept');
    assert.equal(await t.read(key), undefined, 'not committed yet');
    await t.commit(session);
    assert.equal(await t.read(key), 'kept');
  },

  'should keep the sessions of several messages apart': async (t) => {
    const keys = [t.name('kept'), t.name('dropped'), t.name('also-kept')] as const;
    const sessions = [await t.session(), await t.session(), await t.session()] as const;
    for (const [index, session] of sessions.entries()) {
      await t.write(session, keys[index] ?? '', `value-${index}`);
    }
    await t.commit(sessions[2]);
    await t.rollback(sessions[1]);
    assert.equal(await t.read(keys[0]), undefined, 'its session is still open');
    await t.commit(sessions[0]);
    const values = await Promise.all(keys.map((key) => t.read(key)));
    assert.deepEqual(values, ['value-0', undefined, 'value-2']);
  },

  'should do the same for a session that no message caused': async (t) => {
    const [kept, dropped] = [t.name('kept'), t.name('dropped')];
    const first = await t.begin();
    await t.write(first, kept, 'value');
    await t.commit(first);
    const second = await t.begin();
    await t.write(second, dropped, 'value');
    await t.rollback(second);
    assert.equal(await t.read(kept), 'value');
    assert.equal(await t.read(dropped), undefined);
  },
});

export const whenBeginningWithoutAMessage = persistenceScenario(
  'when beginning without a message',
  ['outbox'],
  {
    'should keep the operations in a record of its own': async (t) => {
      const session = await t.begin();
      const { record } = await t.commit(session, { operations: sends('one', 'two') });
      assert.ok(record !== undefined, 'the commit names the record');
      const [taken] = await t.eventually(() => claimed(t.connection.outbox), 'the record');
      assert.deepEqual(taken?.record, record);
    },

    'should give each commit another record': async (t) => {
      const records = new Set<string | undefined>();
      for (let index = 0; index < 10; index += 1) {
        const { record } = await t.commit(await t.begin(), { operations: sends(`${index}`) });
        records.add(record);
      }
      assert.equal(records.size, 10);
      assert.ok(!records.has(undefined));
    },

    'should keep no operations with a rollback': async (t) => {
      await t.rollback(await t.begin());
      const session = await t.begin();
      await t.rollback(session);
      assert.equal((await t.connection.outbox.backlog()).waiting, 0);
      await t.never(() => claimed(t.connection.outbox), 'record');
    },

    'should put operations with a partition key into their lane': async (t) => {
      const { record } = await t.commit(await t.begin(), { operations: keyed('key', 'one') });
      assert.equal(record, undefined);
      assert.ok((await lane(t.connection, 'key')) !== undefined);
    },
  },
);
