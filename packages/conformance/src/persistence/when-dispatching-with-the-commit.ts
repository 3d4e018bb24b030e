import assert from 'node:assert/strict';
import type { Delivery, StorageSession, TransportOperation } from '@busbar/core';
import { toQueue } from '../support/operations.ts';
import { idOf } from '../support/inbox.ts';
import type { PersistenceContext } from './support/persistence-context.ts';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { committed, counted, insert, saga, update } from './support/sagas.ts';
import { sends } from './support/stored.ts';

type Together = StorageSession & Required<Pick<StorageSession, 'commitAndDispatch'>>;

/** Receives one message, and handles it with a session that its delivery may join. */
async function handleOne(
  t: PersistenceContext,
  id: string,
  handle: (session: Together, to: string) => Promise<'settled' | 'released'>,
): Promise<{ readonly from: string; readonly to: string }> {
  const [from, to] = [t.name('from'), t.name('to')];
  const { queues } = t.transport;
  await t.until(queues.provision([{ name: from }, { name: to }]), 'the queues');
  await t.transport.dispatch([toQueue(from, { id })]);
  const done = Promise.withResolvers<void>();
  const settings = { queue: from, concurrency: 1, suspicionAfter: 50, ordered: false };
  const receiver = t.transport.createReceiver(settings);
  const expected = new Error('released on purpose');
  const attempt = async (delivery: Delivery): Promise<'settled'> => {
    const session = await t.session(id, { delivery });
    t.needs(
      session.commitAndDispatch !== undefined,
      'the persistence does not share a store with the transport',
    );
    if ((await handle(session as Together, to)) === 'settled') return 'settled';
    throw expected;
  };
  const ended = new AbortController();
  await receiver.start(
    async ({ delivery }) => {
      const result = await attempt(delivery);
      done.resolve();
      return result;
    },
    async ({ error }) => {
      if (error === expected) done.resolve();
      else done.reject(error);
      // Until the receiver stops; the message stays where it is.
      await new Promise<void>((resolve) => ended.signal.addEventListener('abort', () => resolve()));
      return { action: 'release' };
    },
  );
  try {
    await t.until(done.promise, 'the message to be handled');
  } finally {
    const stopping = receiver.stop(new AbortController().signal);
    ended.abort();
    await t.until(stopping, 'the receiver to stop');
  }
  return { from, to };
}

async function ids(t: PersistenceContext, queue: string): Promise<string[]> {
  return (await t.until(t.transport.queues.peek(queue, 100), 'a peek')).map(idOf).toSorted();
}

function together(
  t: PersistenceContext,
  session: Together,
  operations: readonly TransportOperation[],
  sagas: Parameters<Together['commitAndDispatch']>[0]['sagas'] = [],
): ReturnType<Together['commitAndDispatch']> {
  t.ends(session);
  return t.until(session.commitAndDispatch({ operations, sagas }), 'a commit with dispatch');
}

export const whenDispatchingWithTheCommit = persistenceScenario(
  'when dispatching with the commit',
  [],
  {
    'should commit, send and settle as one': async (t) => {
      const [id, key] = [t.name('message'), t.name('key')];
      const made = saga(t.name('type'));
      const { from, to } = await handleOne(t, id, async (session, queue) => {
        await t.write(session, key, 'kept');
        const operations = ['one', 'two'].map((each) => toQueue(queue, { id: each }));
        const results = await together(t, session, operations, [insert(made)]);
        assert.deepEqual(
          results.map(({ outcome }) => outcome),
          ['confirmed', 'confirmed'],
        );
        return 'settled';
      });
      assert.deepEqual(await ids(t, to), ['one', 'two']);
      assert.deepEqual(await ids(t, from), []);
      assert.equal(await t.read(key), 'kept');
      assert.deepEqual({ ...(await committed(t, made)) }, made);
      assert.equal(await t.state(id), 'dispatched');
      assert.equal((await t.connection.outbox.backlog()).waiting, 0);
    },

    'should settle though there is nothing to send': async (t) => {
      const [id, key] = [t.name('message'), t.name('key')];
      const { from } = await handleOne(t, id, async (session) => {
        await t.write(session, key, 'kept');
        assert.deepEqual(await together(t, session, []), []);
        return 'settled';
      });
      assert.deepEqual(await ids(t, from), []);
      assert.equal(await t.read(key), 'kept');
      assert.equal(await t.state(id), 'dispatched');
    },

    'should do nothing of it when one operation is undeliverable': async (t) => {
      const [id, key] = [t.name('message'), t.name('key')];
      const made = saga(t.name('type'));
      const { from, to } = await handleOne(t, id, async (session, queue) => {
        await t.write(session, key, 'never');
        const operations = [toQueue(queue, { id: 'good' }), ...sends('bad')];
        const results = await together(t, session, operations, [insert(made)]);
        assert.deepEqual(
          results.map(({ outcome }) => outcome),
          ['confirmed', 'undeliverable'],
        );
        return 'released';
      });
      assert.deepEqual(await ids(t, to), []);
      assert.deepEqual(await ids(t, from), [id], 'it was not settled');
      assert.equal(await t.read(key), undefined);
      assert.equal(await committed(t, made), undefined);
      assert.equal(await t.state(id), 'new');
    },

    'should do nothing of it when a saga is refused': async (t) => {
      const [id, key] = [t.name('message'), t.name('key')];
      const made = saga(t.name('type'));
      await t.store({ sagas: [insert(made)] });
      const { from, to } = await handleOne(t, id, async (session, queue) => {
        await t.write(session, key, 'never');
        const stale = update({ ...made, version: 7 }, counted(1));
        const operations = [toQueue(queue, { id: 'never' })];
        await t.rejects(together(t, session, operations, [stale]), 'SAGA_CONFLICT');
        return 'released';
      });
      assert.deepEqual(await ids(t, to), []);
      assert.deepEqual(await ids(t, from), [id]);
      assert.equal(await t.read(key), undefined);
      assert.equal((await committed(t, made))?.version, 1);
      assert.equal(await t.state(id), 'new');
    },

    'should do nothing of it when the message was handled already': async (t) => {
      const [id, key] = [t.name('message'), t.name('key')];
      const { from, to } = await handleOne(t, id, async (session, queue) => {
        await t.store({}, id);
        await t.write(session, key, 'never');
        const operations = [toQueue(queue, { id: 'never' })];
        await t.rejects(together(t, session, operations), 'OUTBOX_CONFLICT');
        return 'released';
      });
      assert.deepEqual(await ids(t, to), []);
      assert.deepEqual(await ids(t, from), [id]);
      assert.equal(await t.read(key), undefined);
    },
  },
);
