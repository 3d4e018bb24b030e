import assert from 'node:assert/strict';
import { asError } from '@busbar/core';
import type { PersistenceContext } from './support/persistence-context.ts';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { claimed, sends } from './support/stored.ts';

/** Handles a message anew until the database is there again, as the core would. */
async function works(t: PersistenceContext, id: string): Promise<void> {
  await t.eventually(async () => {
    try {
      await t.store({ operations: sends('after') }, id);
      return true;
    } catch (error) {
      const failed = asError(error);
      assert.equal(t.connection.isOutage?.(failed), true, `an outage, not ${failed}`);
      return undefined;
    }
  }, 'the database to be back');
}

export const whenTheConnectionsBreak = persistenceScenario(
  'when the connections break',
  ['outbox'],
  {
    'should fail the session as an outage, with nothing committed': async (t) => {
      const breakConnections = t.hook('breakConnections');
      const [id, key] = [t.name('message'), t.name('key')];
      const session = await t.session(id);
      await t.write(session, key, 'never');
      await t.until(breakConnections(), 'the connections to break');
      const error = await t
        .commit(session, { operations: sends('one') })
        .then(() => undefined, asError);
      assert.ok(error !== undefined, 'the commit should fail');
      assert.equal(t.connection.isOutage?.(error), true, `an outage, not ${error}`);
      await works(t, id);
      assert.equal(await t.read(key), undefined);
    },

    'should let a broken session be rolled back': async (t) => {
      const breakConnections = t.hook('breakConnections');
      const session = await t.session();
      await t.until(breakConnections(), 'the connections to break');
      // It may say that the connection is gone; it must end.
      await t.rollback(session).catch(() => undefined);
      await works(t, t.name('message'));
    },

    'should go on without a restart, while nothing was open': async (t) => {
      const breakConnections = t.hook('breakConnections');
      for (let round = 0; round < 3; round += 1) {
        await t.until(breakConnections(), 'the connections to break');
        await works(t, t.name('message'));
      }
    },

    'should not lose a mark': async (t) => {
      const breakConnections = t.hook('breakConnections');
      const id = t.name('message');
      const record = await t.store({ operations: sends('one') }, id);
      await t.until(breakConnections(), 'the connections to break');
      t.connection.outbox.markDispatched(record ?? '');
      await t.eventually(async () => {
        const state = await t.state(id).catch(() => undefined);
        return state === 'dispatched' || undefined;
      }, 'the mark');
    },

    'should not lose what was committed before': async (t) => {
      const breakConnections = t.hook('breakConnections');
      await t.store({ operations: sends('one') });
      await t.until(breakConnections(), 'the connections to break');
      const look = async (): ReturnType<typeof claimed> =>
        claimed(t.connection.outbox).catch(() => undefined);
      await t.eventually(look, 'the record');
    },

    'should call no other error an outage': async (t) => {
      t.hook('breakConnections');
      assert.equal(t.connection.isOutage?.(new Error('something of the handler')), false);
    },
  },
);
