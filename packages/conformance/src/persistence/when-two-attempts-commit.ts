import assert from 'node:assert/strict';
import type { PersistenceConnection } from '@busbar/core';
import { codeOf, type PersistenceContext } from './support/persistence-context.ts';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { idsOf, keyed, lane, sends } from './support/stored.ts';

/** Two attempts at one message that both found it new. */
async function twoAttempts(t: PersistenceContext, second: PersistenceConnection) {
  const id = t.name('message');
  const names = [t.name('first'), t.name('second')] as const;
  const sessions = [await t.session(id), await t.session(id, { connection: second })] as const;
  await t.write(sessions[0], names[0], 'written');
  await t.write(sessions[1], names[1], 'written');
  return { id, names, sessions };
}

async function onlyTheFirst(t: PersistenceContext, second: PersistenceConnection): Promise<void> {
  const { id, names, sessions } = await twoAttempts(t, second);
  await t.commit(sessions[0], { operations: sends('of-the-first') });
  await t.rejects(
    t.commit(sessions[1], { operations: [...sends('of-the-second'), ...keyed('key', 'lane')] }),
    'OUTBOX_CONFLICT',
  );
  assert.equal(await t.read(names[0]), 'written');
  assert.equal(await t.read(names[1]), undefined, 'the second attempt left nothing behind');
  const opened = await t.look(id);
  assert.ok(opened.state === 'stored', `it is ${opened.state}`);
  assert.deepEqual(idsOf(opened.operations), ['of-the-first']);
  assert.equal(await lane(t.connection, 'key'), undefined);
}

export const whenTwoAttemptsCommit = persistenceScenario('when two attempts commit', ['outbox'], {
  'should let only the first do so': (t) => onlyTheFirst(t, t.connection),

  'should let only the first do so, over two connections': async (t) =>
    onlyTheFirst(t, await t.connect()),

  'should refuse the second though the first has sent nothing': async (t) => {
    const { names, sessions } = await twoAttempts(t, t.connection);
    await t.commit(sessions[0]);
    await t.rejects(t.commit(sessions[1]), 'OUTBOX_CONFLICT');
    assert.equal(await t.read(names[1]), undefined);
  },

  'should refuse the second though the first was dispatched meanwhile': async (t) => {
    const second = await t.connect();
    const { id, names, sessions } = await twoAttempts(t, t.connection);
    const { record } = await t.commit(sessions[0], { operations: sends('one') });
    t.connection.outbox.markDispatched(record ?? '');
    const look = async (): Promise<true | undefined> =>
      (await t.state(id, { connection: second })) === 'dispatched' || undefined;
    await t.eventually(look, 'the mark');
    await t.rejects(t.commit(sessions[1], { operations: sends('two') }), 'OUTBOX_CONFLICT');
    assert.equal(await t.read(names[1]), undefined);
  },

  'should let the second do so when the first is rolled back': async (t) => {
    const { names, sessions } = await twoAttempts(t, t.connection);
    await t.rollback(sessions[0]);
    await t.commit(sessions[1]);
    assert.equal(await t.read(names[0]), undefined);
    assert.equal(await t.read(names[1]), 'written');
  },

  'should let exactly one do so when they commit at the same time': async (t) => {
    const second = await t.connect();
    for (let round = 0; round < 50; round += 1) {
      const { id, names, sessions } = await twoAttempts(t, second);
      const results = await Promise.allSettled([
        t.commit(sessions[0], { operations: sends(names[0]) }),
        t.commit(sessions[1], { operations: sends(names[1]) }),
      ]);
      const failures = results.flatMap((result) =>
        result.status === 'rejected' ? [result.reason as unknown] : [],
      );
      assert.equal(failures.length, 1, `round ${round}: ${failures.length} of 2 commits failed`);
      assert.equal(codeOf(failures[0]), 'OUTBOX_CONFLICT', String(failures[0]));
      const winner = results[0].status === 'fulfilled' ? names[0] : names[1];
      const written = await Promise.all(names.map((name) => t.read(name)));
      assert.deepEqual(
        written,
        names.map((name) => (name === winner ? 'written' : undefined)),
      );
      const opened = await t.look(id);
      assert.ok(opened.state === 'stored', `it is ${opened.state}`);
      assert.deepEqual(idsOf(opened.operations), [winner]);
    }
  },

  'should give back what a refused commit held': async (t) => {
    const id = t.name('message');
    await t.store({}, id);
    for (let round = 0; round < 40; round += 1) {
      const { sessions } = await twoAttempts(t, t.connection);
      await t.commit(sessions[0]);
      await t.rejects(t.commit(sessions[1]), 'OUTBOX_CONFLICT');
    }
    const key = t.name('key');
    const session = await t.session();
    await t.write(session, key, 'still works');
    await t.commit(session);
    assert.equal(await t.read(key), 'still works');
  },
});
