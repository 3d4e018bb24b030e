import assert from 'node:assert/strict';
import type { PersistenceContext } from './support/persistence-context.ts';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { claimed, idsOf, sends } from './support/stored.ts';

async function dispatched(t: PersistenceContext, id: string): Promise<void> {
  const look = async (): Promise<true | undefined> =>
    (await t.state(id)) === 'dispatched' || undefined;
  await t.eventually(look, `message ${id} to be dispatched`);
}

export const whenOperationsWereDispatched = persistenceScenario(
  'when operations were dispatched',
  ['outbox'],
  {
    'should say so of their message, soon': async (t) => {
      const id = t.name('message');
      const record = await t.store({ operations: sends('one') }, id);
      t.connection.outbox.markDispatched(record ?? '');
      await dispatched(t, id);
    },

    'should say so by the record that a later look-up named': async (t) => {
      const id = t.name('message');
      await t.store({ operations: sends('one') }, id);
      const opened = await t.look(id);
      assert.ok(opened.state === 'stored', `it is ${opened.state}`);
      t.connection.outbox.markDispatched(opened.record);
      await dispatched(t, id);
    },

    'should note it of the one record alone': async (t) => {
      const ids = [t.name('one'), t.name('two'), t.name('three')] as const;
      const records: (string | undefined)[] = [];
      for (const id of ids) records.push(await t.store({ operations: sends(id) }, id));
      t.connection.outbox.markDispatched(records[1] ?? '');
      await dispatched(t, ids[1]);
      for (const id of [ids[0], ids[2]]) {
        const opened = await t.look(id);
        assert.ok(opened.state === 'stored', `${id} is ${opened.state}`);
        assert.deepEqual(idsOf(opened.operations), [id]);
      }
    },

    'should have noted all of it when the connection is closed': async (t) => {
      const marking = await t.connect();
      const ids = Array.from({ length: 50 }, () => t.name('message'));
      for (const id of ids) {
        const record = await t.store({ operations: sends(id) }, id, marking);
        marking.outbox.markDispatched(record ?? '');
      }
      await t.until(marking.close(), 'the connection to close');
      for (const id of ids) assert.equal(await t.state(id), 'dispatched');
      assert.equal((await t.connection.outbox.backlog()).waiting, 0);
      await t.never(() => claimed(t.connection.outbox), 'record');
    },

    'should not mind a record that was marked before, or by another instance': async (t) => {
      const other = await t.connect();
      const [id, next] = [t.name('message'), t.name('next')];
      const record = await t.store({ operations: sends('one') }, id);
      for (const { outbox } of [t.connection, other, t.connection]) {
        outbox.markDispatched(record ?? '');
        await dispatched(t, id);
      }
      await t.store({ operations: sends('two') }, next);
      assert.equal(await t.state(next), 'stored');
    },

    'should repeat the same ids while nobody said so': async (t) => {
      const id = t.name('message');
      await t.store({ operations: sends('one', 'two') }, id);
      for (let round = 0; round < 3; round += 1) {
        const opened = await t.look(id);
        assert.ok(opened.state === 'stored', `it is ${opened.state}`);
        assert.deepEqual(idsOf(opened.operations), ['one', 'two']);
      }
    },

    'should forget nothing else: the message is not handled again': async (t) => {
      const [id, key] = [t.name('message'), t.name('key')];
      const late = await t.session(id);
      await t.write(late, key, 'twice');
      const record = await t.store({ operations: sends('one') }, id);
      t.connection.outbox.markDispatched(record ?? '');
      await dispatched(t, id);
      await t.rejects(t.commit(late), 'OUTBOX_CONFLICT');
      assert.equal(await t.read(key), undefined);
    },
  },
);
