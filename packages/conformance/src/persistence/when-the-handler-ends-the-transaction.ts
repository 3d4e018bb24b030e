import assert from 'node:assert/strict';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { claimed, keyed, lane, sends } from './support/stored.ts';

export const whenTheHandlerEndsTheTransaction = persistenceScenario(
  'when the handler ends the transaction',
  ['outbox'],
  {
    'should say so and record nothing, after a rollback': async (t) => {
      const endTransaction = t.hook('endTransaction');
      const [id, key] = [t.name('message'), t.name('key')];
      const session = await t.session(id);
      await t.write(session, key, 'never');
      await endTransaction(session.storage, 'rollback');
      const operations = [...sends('one'), ...keyed('a', 'two')];
      await t.rejects(t.commit(session, { operations }), 'TRANSACTION_ENDED');
      assert.equal(await t.read(key), undefined);
      assert.equal(await t.state(id), 'new');
      assert.equal(await lane(t.connection, 'a'), undefined);
      await t.never(() => claimed(t.connection.outbox), 'record');
    },

    'should say so and record nothing, after a commit': async (t) => {
      const endTransaction = t.hook('endTransaction');
      const [id, key] = [t.name('message'), t.name('key')];
      const session = await t.session(id);
      await t.write(session, key, 'the handler has kept it');
      await endTransaction(session.storage, 'commit');
      await t.rejects(t.commit(session, { operations: sends('one') }), 'TRANSACTION_ENDED');
      assert.equal(await t.read(key), 'the handler has kept it');
      assert.equal(await t.state(id), 'new');
      await t.never(() => claimed(t.connection.outbox), 'record');
    },

    'should let the session be rolled back': async (t) => {
      const endTransaction = t.hook('endTransaction');
      for (const how of ['rollback', 'commit'] as const) {
        const session = await t.session();
        await endTransaction(session.storage, how);
        await t.rollback(session);
      }
      const key = t.name('key');
      const next = await t.session();
      await t.write(next, key, 'kept');
      await t.commit(next);
      assert.equal(await t.read(key), 'kept');
    },
  },
);
