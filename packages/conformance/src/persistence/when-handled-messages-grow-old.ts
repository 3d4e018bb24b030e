import assert from 'node:assert/strict';
import type { PersistenceConnection } from '@busbar/core';
import type { PersistenceContext } from './support/persistence-context.ts';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { idsOf, keyed, sends } from './support/stored.ts';

function forget(t: PersistenceContext, { outbox }: PersistenceConnection): Promise<number> {
  return t.until(outbox.forget(new AbortController().signal), 'the old ones to be forgotten');
}

async function growOld(t: PersistenceContext): Promise<void> {
  await t.advance(t.hook('keepMs') + 50);
}

export const whenHandledMessagesGrowOld = persistenceScenario(
  'when handled messages grow old',
  ['outbox'],
  {
    'should remember them for the time that was set': async (t) => {
      const keepMs = t.hook('keepMs');
      const id = t.name('message');
      await t.store({}, id);
      assert.equal(await forget(t, t.connection), 0);
      await t.advance(keepMs / 2);
      assert.equal(await forget(t, t.connection), 0);
      assert.equal(await t.state(id), 'dispatched');
    },

    'should forget them after it, so that they are new': async (t) => {
      const ids = [t.name('one'), t.name('two'), t.name('three')];
      for (const id of ids) await t.store({}, id);
      await growOld(t);
      assert.equal(await forget(t, t.connection), 3);
      for (const id of ids) assert.equal(await t.state(id), 'new');
      assert.equal(await forget(t, t.connection), 0);
    },

    'should forget those alone that are old': async (t) => {
      const [old, young] = [t.name('old'), t.name('young')];
      await t.store({}, old);
      await growOld(t);
      await t.store({}, young);
      assert.equal(await forget(t, t.connection), 1);
      assert.equal(await t.state(old), 'new');
      assert.equal(await t.state(young), 'dispatched');
    },

    'should never forget one that has operations to dispatch': async (t) => {
      const [waiting, done, lanes] = [t.name('waiting'), t.name('done'), t.name('lanes')];
      const marking = await t.connect();
      await t.store({ operations: sends('one') }, waiting);
      const record = await t.store({ operations: sends('two') }, done, marking);
      await t.store({ operations: keyed('key', 'three') }, lanes);
      marking.outbox.markDispatched(record ?? '');
      await t.until(marking.close(), 'the connection to close');
      await growOld(t);
      await forget(t, t.connection);
      assert.equal(await t.state(done), 'new');
      const opened = await t.look(waiting);
      assert.ok(opened.state === 'stored', `it is ${opened.state}`);
      assert.deepEqual(idsOf(opened.operations), ['one']);
      t.connection.outbox.markDispatched(opened.record);
      await t.eventually(async () => {
        await forget(t, t.connection);
        return (await t.state(waiting)) === 'new' || undefined;
      }, 'it to be forgotten once it is dispatched');
    },

    'should leave other endpoints alone': async (t) => {
      const id = t.name('message');
      const other = await t.connect(t.name('other'));
      await t.store({}, id);
      await t.store({}, id, other);
      await growOld(t);
      assert.equal(await forget(t, t.connection), 1);
      assert.equal(await t.state(id), 'new');
      assert.equal(await t.state(id, { connection: other }), 'dispatched');
    },

    'should forget each once though two do so': async (t) => {
      const other = await t.connect();
      for (let index = 0; index < 40; index += 1) await t.store({});
      await growOld(t);
      const counts = await Promise.all([forget(t, t.connection), forget(t, other)]);
      // One may have passed over what the other was at; nothing may be counted twice.
      const left = await forget(t, other);
      assert.equal(counts[0] + counts[1] + left, 40);
    },

    'should end early when it is told to, and go on where it was': async (t) => {
      for (let index = 0; index < 10; index += 1) await t.store({});
      await growOld(t);
      const early = await t.until(
        t.connection.outbox.forget(AbortSignal.abort()),
        'it to end early',
      );
      assert.equal(early + (await forget(t, t.connection)), 10);
    },

    'should let messages be handled meanwhile': async (t) => {
      for (let index = 0; index < 40; index += 1) await t.store({});
      await growOld(t);
      const forgetting = forget(t, t.connection);
      const ids = Array.from({ length: 10 }, () => t.name('meanwhile'));
      for (const id of ids) await t.store({}, id);
      assert.equal(await forgetting, 40);
      for (const id of ids) assert.equal(await t.state(id), 'dispatched');
    },
  },
);
