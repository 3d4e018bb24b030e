import assert from 'node:assert/strict';
import type { PersistenceConnection, SagaChange, StoredSaga } from '@busbar/core';
import { codeOf, type PersistenceContext } from './support/persistence-context.ts';
import { persistenceScenario } from './support/persistence-scenario.ts';
import {
  committed,
  countOf,
  counted,
  found,
  insert,
  remove,
  saga,
  update,
} from './support/sagas.ts';

async function started(t: PersistenceContext): Promise<StoredSaga> {
  const made = saga(t.name('type'));
  await t.store({ sagas: [insert(made)] });
  return made;
}

/** One attempt finds the saga, another changes it, then the first makes its own change. */
async function refused(
  t: PersistenceContext,
  meanwhile: (stored: StoredSaga) => SagaChange,
  change: (stored: StoredSaga) => SagaChange,
): Promise<StoredSaga | undefined> {
  const made = await started(t);
  const key = t.name('key');
  const [late, other] = [
    await t.session(),
    await t.session(t.name('message'), {
      connection: await t.connect(),
    }),
  ];
  const stored = await found(t, late, made);
  await t.write(late, key, 'never');
  await t.commit(other, { sagas: [meanwhile(await found(t, other, made))] });
  await t.rejects(t.commit(late, { sagas: [change(stored)] }), 'SAGA_CONFLICT');
  assert.equal(await t.read(key), undefined, 'nothing of the late session was committed');
  return committed(t, made);
}

/** Adds one to the count, as often as a conflict demands. Returns how often that was. */
async function increment(
  t: PersistenceContext,
  made: StoredSaga,
  connection: PersistenceConnection,
  lock: boolean,
): Promise<number> {
  for (let conflicts = 0; ; conflicts += 1) {
    const session = await t.session(t.name('message'), { connection });
    const stored = await found(t, session, made, lock);
    try {
      await t.commit(session, { sagas: [update(stored, counted(countOf(stored) + 1))] });
      return conflicts;
    } catch (error) {
      if (codeOf(error) !== 'SAGA_CONFLICT') throw error;
      await t.turn();
    }
  }
}

/** 25 increments over each of two connections, five at a time. Returns the number of conflicts. */
async function incrementAll(
  t: PersistenceContext,
  made: StoredSaga,
  lock: boolean,
): Promise<number> {
  const connections = [t.connection, await t.connect()];
  const workers = Array.from({ length: 10 }, async (_, index) => {
    let conflicts = 0;
    for (let count = 0; count < 5; count += 1) {
      conflicts += await increment(t, made, connections[index % 2] ?? t.connection, lock);
    }
    return conflicts;
  });
  const conflicts = await t.until(Promise.all(workers), 'fifty increments');
  return conflicts.reduce((sum, one) => sum + one, 0);
}

export const whenASagaWasChangedMeanwhile = persistenceScenario(
  'when a saga was changed meanwhile',
  ['sagas'],
  {
    'should refuse an update of another version': async (t) => {
      const now = await refused(
        t,
        (stored) => update(stored, counted(10)),
        (stored) => update(stored, counted(20)),
      );
      assert.equal(now?.version, 2);
      assert.equal(now?.state, counted(10));
    },

    'should refuse a removal of another version': async (t) => {
      const now = await refused(t, (stored) => update(stored, counted(10)), remove);
      assert.equal(now?.state, counted(10));
    },

    'should refuse an update of one that was removed': async (t) => {
      const now = await refused(t, remove, (stored) => update(stored, counted(20)));
      assert.equal(now, undefined);
    },

    'should refuse a removal of one that was removed': async (t) => {
      assert.equal(await refused(t, remove, remove), undefined);
    },

    'should let exactly one of two updates at the same time through': async (t) => {
      const other = await t.connect();
      const made = await started(t);
      for (let round = 1; round <= 25; round += 1) {
        const sessions = [
          await t.session(),
          await t.session(t.name('message'), { connection: other }),
        ] as const;
        const stored = [
          await found(t, sessions[0], made),
          await found(t, sessions[1], made),
        ] as const;
        const results = await Promise.allSettled([
          t.commit(sessions[0], { sagas: [update(stored[0], counted(round))] }),
          t.commit(sessions[1], { sagas: [update(stored[1], counted(-round))] }),
        ]);
        const failures = results.flatMap((result) =>
          result.status === 'rejected' ? [result.reason as unknown] : [],
        );
        assert.equal(failures.length, 1, `round ${round}: ${failures.length} of 2 failed`);
        assert.equal(codeOf(failures[0]), 'SAGA_CONFLICT', String(failures[0]));
        const now = await committed(t, made);
        assert.equal(now?.version, round + 1);
        assert.equal(now?.state, counted(results[0].status === 'fulfilled' ? round : -round));
      }
    },

    'should lose no update when conflicts are tried again': async (t) => {
      const made = await started(t);
      await incrementAll(t, made, false);
      const now = await committed(t, made);
      assert.equal(now?.version, 51);
      assert.equal(now?.state, counted(50));
    },
  },
);

export const whenASagaIsLocked = persistenceScenario('when a saga is locked', ['sagas'], {
  'should make the next that locks it wait, and see what was committed': async (t) => {
    t.needs(t.harness.locks === true, 'the persistence locks no sagas');
    const other = await t.connect();
    const made = await started(t);
    const first = await t.session();
    const stored = await found(t, first, made, true);
    const second = await t.session(t.name('message'), { connection: other });
    let waited = true;
    const waiting = found(t, second, made, true).then((late) => {
      waited = false;
      return late;
    });
    // Round trips that would overtake a look-up which does not wait.
    for (let round = 0; round < 10; round += 1) await committed(t, made);
    assert.ok(waited, 'the second looked though the first had not ended');
    await t.commit(first, { sagas: [update(stored, counted(1))] });
    const late = await waiting;
    assert.equal(late.version, 2);
    await t.commit(second, { sagas: [update(late, counted(2))] });
    assert.equal((await committed(t, made))?.state, counted(2));
  },

  'should free it with a rollback': async (t) => {
    t.needs(t.harness.locks === true, 'the persistence locks no sagas');
    const made = await started(t);
    const first = await t.session();
    await found(t, first, made, true);
    const second = await t.session();
    const waiting = found(t, second, made, true);
    await t.rollback(first);
    assert.equal((await waiting).version, 1);
  },

  'should free it with a commit that is refused': async (t) => {
    t.needs(t.harness.locks === true, 'the persistence locks no sagas');
    const made = await started(t);
    const first = await t.session();
    const stored = await found(t, first, made, true);
    const second = await t.session();
    const waiting = found(t, second, made, true);
    const wrong = update({ ...stored, version: 7 }, counted(1));
    await t.rejects(t.commit(first, { sagas: [wrong] }), 'SAGA_CONFLICT');
    assert.equal((await waiting).version, 1);
  },

  'should let others be changed, and the same be read without a lock': async (t) => {
    const [made, beside] = [await started(t), await started(t)];
    const first = await t.session();
    await found(t, first, made, true);
    const second = await t.session();
    assert.equal((await found(t, second, made)).version, 1);
    const stored = await found(t, second, beside, true);
    await t.commit(second, { sagas: [update(stored, counted(1))] });
    assert.equal((await committed(t, beside))?.version, 2);
  },

  'should lose no update, and have no conflict where it locks': async (t) => {
    const made = await started(t);
    const conflicts = await incrementAll(t, made, true);
    assert.equal((await committed(t, made))?.state, counted(50));
    if (t.harness.locks === true) assert.equal(conflicts, 0);
  },
});
