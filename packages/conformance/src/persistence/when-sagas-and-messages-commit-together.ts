import assert from 'node:assert/strict';
import type { StoredSaga } from '@busbar/core';
import { codeOf, type PersistenceContext } from './support/persistence-context.ts';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { committed, counted, found, insert, remove, saga, update } from './support/sagas.ts';
import { claimed, idsOf, keyed, lane, sends } from './support/stored.ts';

/** Expects that neither message, operations, value nor lane is there. */
async function nothing(
  t: PersistenceContext,
  left: { readonly id: string; readonly key: string },
): Promise<void> {
  assert.equal(await t.read(left.key), undefined, 'no value');
  assert.equal(await t.state(left.id), 'new', 'no record');
  assert.equal(await lane(t.connection, left.key), undefined, 'no lane');
  await t.never(() => claimed(t.connection.outbox), 'record');
}

/** Two sagas, each with its own correlation. */
async function two(t: PersistenceContext): Promise<readonly [StoredSaga, StoredSaga]> {
  const sagas = [saga(t.name('type')), saga(t.name('type'))] as const;
  const session = await t.begin();
  await t.commit(session, { sagas: sagas.map(insert) });
  return sagas;
}

export const whenSagasAndMessagesCommitTogether = persistenceScenario(
  'when sagas and messages commit together',
  ['outbox', 'sagas'],
  {
    'should keep all of it': async (t) => {
      const [changed, removed] = await two(t);
      const made = saga(t.name('type'));
      const [id, key] = [t.name('message'), t.name('key')];
      const session = await t.session(id);
      const sagas = [
        update(await found(t, session, changed), counted(1)),
        insert(made),
        remove(await found(t, session, removed)),
      ];
      await t.write(session, key, 'kept');
      await t.commit(session, { operations: [...sends('one'), ...keyed(key, 'two')], sagas });
      assert.equal((await committed(t, changed))?.state, counted(1));
      assert.deepEqual({ ...(await committed(t, made)) }, made);
      assert.equal(await committed(t, removed), undefined);
      assert.equal(await t.read(key), 'kept');
      const opened = await t.look(id);
      assert.ok(opened.state === 'stored', `it is ${opened.state}`);
      assert.deepEqual(idsOf(opened.operations), ['one']);
      assert.deepEqual(idsOf((await lane(t.connection, key))?.operations ?? []), ['two']);
    },

    'should keep none of it when one of the sagas is refused': async (t) => {
      const [first, second] = await two(t);
      const made = saga(t.name('type'));
      const [id, key] = [t.name('message'), t.name('key')];
      const session = await t.session(id);
      const sagas = [
        insert(made),
        update(await found(t, session, first), counted(1)),
        update({ ...(await found(t, session, second)), version: 7 }, counted(1)),
      ];
      await t.write(session, key, 'never');
      const operations = [...sends('one'), ...keyed(key, 'two')];
      await t.rejects(t.commit(session, { operations, sagas }), 'SAGA_CONFLICT');
      assert.equal(await committed(t, made), undefined);
      assert.deepEqual({ ...(await committed(t, first)) }, first);
      assert.deepEqual({ ...(await committed(t, second)) }, second);
      await nothing(t, { id, key });
    },

    'should keep none of it when the message was handled already': async (t) => {
      const [first] = await two(t);
      const made = saga(t.name('type'));
      const [id, key] = [t.name('message'), t.name('key')];
      const late = await t.session(id);
      const stored = await found(t, late, first);
      await t.store({}, id);
      await t.write(late, key, 'never');
      const sagas = [insert(made), update(stored, counted(1))];
      await t.rejects(
        t.commit(late, { operations: [...sends('one'), ...keyed(key, 'two')], sagas }),
        'OUTBOX_CONFLICT',
      );
      assert.equal(await committed(t, made), undefined);
      assert.deepEqual({ ...(await committed(t, first)) }, first);
      assert.equal(await t.read(key), undefined);
      assert.equal(await lane(t.connection, key), undefined);
      await t.never(() => claimed(t.connection.outbox), 'record');
    },

    'should keep none of it with a rollback': async (t) => {
      const [first] = await two(t);
      const [id, key] = [t.name('message'), t.name('key')];
      const session = await t.session(id);
      await found(t, session, first);
      await t.write(session, key, 'never');
      await t.rollback(session);
      assert.deepEqual({ ...(await committed(t, first)) }, first);
      await nothing(t, { id, key });
    },

    'should change two sagas by one of two commits that take them crosswise': async (t) => {
      const other = await t.connect();
      const [one, another] = await two(t);
      for (let round = 1; round <= 5; round += 1) {
        const sessions = [
          await t.session(),
          await t.session(t.name('message'), { connection: other }),
        ] as const;
        const [a, b] = [await found(t, sessions[0], one), await found(t, sessions[1], another)];
        const mine = [update(a, counted(round)), update(b, counted(round))];
        const its = [update(b, counted(-round)), update(a, counted(-round))];
        const results = await Promise.allSettled([
          t.commit(sessions[0], { sagas: mine }),
          t.commit(sessions[1], { sagas: its }),
        ]);
        const failures = results.flatMap((result) =>
          result.status === 'rejected' ? [result.reason as unknown] : [],
        );
        assert.equal(failures.length, 1, `round ${round}: ${failures.length} of 2 failed`);
        assert.equal(codeOf(failures[0]), 'SAGA_CONFLICT', String(failures[0]));
        const state = counted(results[0].status === 'fulfilled' ? round : -round);
        assert.equal((await committed(t, one))?.state, state);
        assert.equal((await committed(t, another))?.state, state);
      }
    },
  },
);
