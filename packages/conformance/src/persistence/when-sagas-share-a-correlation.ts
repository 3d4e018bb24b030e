import assert from 'node:assert/strict';
import type { PersistenceConnection, StoredSaga } from '@busbar/core';
import { codeOf, type PersistenceContext } from './support/persistence-context.ts';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { committed, counted, find, found, insert, remove, saga } from './support/sagas.ts';

/** Starts the saga or finds it started, as often as a conflict demands. Returns whether it was started here. */
async function startOrFind(
  t: PersistenceContext,
  made: StoredSaga,
  connection: PersistenceConnection,
): Promise<boolean> {
  const { type, correlation: value = '' } = made;
  for (;;) {
    const session = await t.session(t.name('message'), { connection });
    const stored = await find(t, session, { type, by: 'correlation', value });
    if (stored !== undefined) {
      await t.rollback(session);
      return false;
    }
    try {
      await t.commit(session, { sagas: [insert(made)] });
      return true;
    } catch (error) {
      if (codeOf(error) !== 'SAGA_CONFLICT') throw error;
      await t.turn();
    }
  }
}

export const whenSagasShareACorrelation = persistenceScenario(
  'when sagas share a correlation',
  ['sagas'],
  {
    'should be refused within one type': async (t) => {
      const key = t.name('key');
      const first = saga(t.name('type'));
      const second = saga(first.type, { correlation: first.correlation });
      await t.store({ sagas: [insert(first)] });
      const session = await t.session();
      await t.write(session, key, 'never');
      await t.rejects(t.commit(session, { sagas: [insert(second)] }), 'SAGA_CONFLICT');
      assert.equal(await committed(t, second), undefined);
      assert.equal(await t.read(key), undefined, 'nothing of the session was committed');
      assert.deepEqual({ ...(await committed(t, first)) }, first);
    },

    'should be refused though both looked and found none': async (t) => {
      const other = await t.connect();
      const first = saga(t.name('type'));
      const second = saga(first.type, { correlation: first.correlation });
      const sessions = [
        await t.session(),
        await t.session(t.name('message'), { connection: other }),
      ] as const;
      const query = {
        type: first.type,
        by: 'correlation',
        value: first.correlation ?? '',
      } as const;
      for (const session of sessions) assert.equal(await find(t, session, query), undefined);
      await t.commit(sessions[0], { sagas: [insert(first)] });
      await t.rejects(t.commit(sessions[1], { sagas: [insert(second)] }), 'SAGA_CONFLICT');
      assert.equal(await committed(t, second), undefined);
    },

    'should be refused within one commit': async (t) => {
      const first = saga(t.name('type'));
      const second = saga(first.type, { correlation: first.correlation });
      const session = await t.session();
      const sagas = [insert(first), insert(second)];
      await t.rejects(t.commit(session, { sagas }), 'SAGA_CONFLICT');
      assert.equal(await committed(t, first), undefined);
      assert.equal(await committed(t, second), undefined);
    },

    'should be let through by exactly one of two at the same time': async (t) => {
      const other = await t.connect();
      const type = t.name('type');
      for (let round = 0; round < 25; round += 1) {
        const first = saga(type);
        const second = saga(type, { correlation: first.correlation });
        const sessions = [
          await t.session(),
          await t.session(t.name('message'), { connection: other }),
        ] as const;
        const results = await Promise.allSettled([
          t.commit(sessions[0], { sagas: [insert(first)] }),
          t.commit(sessions[1], { sagas: [insert(second)] }),
        ]);
        const failures = results.flatMap((result) =>
          result.status === 'rejected' ? [result.reason as unknown] : [],
        );
        assert.equal(failures.length, 1, `round ${round}: ${failures.length} of 2 failed`);
        assert.equal(codeOf(failures[0]), 'SAGA_CONFLICT', String(failures[0]));
        const stored = [await committed(t, first), await committed(t, second)];
        assert.equal(stored.filter((one) => one !== undefined).length, 1);
      }
    },

    'should give one instance of many that start it together': async (t) => {
      const connections = [t.connection, await t.connect()];
      const { type, correlation } = saga(t.name('type'));
      const starts = Array.from({ length: 20 }, async (_, index) => {
        const connection = connections[index % 2] ?? t.connection;
        return startOrFind(t, saga(type, { correlation }), connection);
      });
      const started = await t.until(Promise.all(starts), 'all to start or find the saga');
      assert.equal(started.filter(Boolean).length, 1);
    },

    'should be fine in two types, and so should ids': async (t) => {
      const first = saga(t.name('type'));
      const second = { ...first, type: t.name('type'), state: counted(2) };
      await t.store({ sagas: [insert(first)] });
      await t.store({ sagas: [insert(second)] });
      assert.deepEqual({ ...(await committed(t, first)) }, first);
      assert.deepEqual({ ...(await committed(t, second)) }, second);
    },

    'should be fine when they have none': async (t) => {
      const type = t.name('type');
      const [first, second] = [
        saga(type, { correlation: undefined }),
        saga(type, { correlation: undefined }),
      ];
      await t.store({ sagas: [insert(first), insert(second)] });
      assert.ok((await committed(t, first)) !== undefined);
      assert.ok((await committed(t, second)) !== undefined);
    },

    'should be fine again when the first was removed': async (t) => {
      const first = saga(t.name('type'));
      const second = saga(first.type, { correlation: first.correlation });
      await t.store({ sagas: [insert(first)] });
      const session = await t.session();
      const stored = await found(t, session, first);
      await t.commit(session, { sagas: [remove(stored)] });
      await t.store({ sagas: [insert(second)] });
      const looking = await t.session();
      const value = first.correlation ?? '';
      const now = await find(t, looking, { type: first.type, by: 'correlation', value });
      assert.equal(now?.id, second.id);
    },

    'should be refused for one id as well': async (t) => {
      const first = saga(t.name('type'));
      const second = saga(first.type, { id: first.id });
      await t.store({ sagas: [insert(first)] });
      const session = await t.session();
      await t.rejects(t.commit(session, { sagas: [insert(second)] }), 'SAGA_CONFLICT');
      assert.deepEqual({ ...(await committed(t, first)) }, first);
    },
  },
);
