import assert from 'node:assert/strict';
import { randomLetters } from '../support/operations.ts';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { committed, find, found, insert, remove, saga, update } from './support/sagas.ts';

export const whenASagaIsStored = persistenceScenario('when a saga is stored', ['sagas'], {
  'should be found by its id and by its correlation, as it was': async (t) => {
    const made = saga(t.name('type'));
    await t.store({ sagas: [insert(made)] });
    const session = await t.session();
    const { type, id } = made;
    const correlation = made.correlation ?? '';
    assert.deepEqual({ ...(await find(t, session, { type, by: 'id', value: id })) }, made);
    const byCorrelation = await find(t, session, { type, by: 'correlation', value: correlation });
    assert.deepEqual({ ...byCorrelation }, made);
  },

  'should not be found by another id, correlation or type': async (t) => {
    const made = saga(t.name('type'));
    const { type, id } = made;
    const correlation = made.correlation ?? '';
    await t.store({ sagas: [insert(made)] });
    const session = await t.session();
    const queries = [
      { type, by: 'id', value: correlation },
      { type, by: 'correlation', value: id },
      { type: t.name('type'), by: 'id', value: id },
      { type: t.name('type'), by: 'correlation', value: correlation },
      { type, by: 'correlation', value: correlation.slice(0, -1) },
      { type, by: 'correlation', value: correlation.toUpperCase() },
    ] as const;
    for (const query of queries) {
      assert.equal(await find(t, session, query), undefined, JSON.stringify(query));
    }
  },

  'should be found without a correlation by its id alone': async (t) => {
    const type = t.name('type');
    const made = saga(type, { correlation: undefined });
    await t.store({ sagas: [insert(made), insert(saga(type, { correlation: undefined }))] });
    const session = await t.session();
    const stored = await found(t, session, made);
    assert.equal(stored.correlation, undefined);
    for (const value of ['', 'undefined', 'null']) {
      assert.equal(await find(t, session, { type, by: 'correlation', value }), undefined);
    }
    await t.commit(session, { sagas: [update(stored, '{"count":1}')] });
    assert.equal((await committed(t, made))?.state, '{"count":1}');
  },

  'should not be seen before its commit, not even by its own session': async (t) => {
    const made = saga(t.name('type'));
    const session = await t.session();
    assert.equal(await committed(t, made), undefined);
    await t.commit(session, { sagas: [insert(made)] });
    assert.ok((await committed(t, made)) !== undefined);
  },

  'should keep the state as it is, whatever it holds': async (t) => {
    const type = t.name('type');
    const texts = [`größe 注文 🚌 'single' "double" \\ \u0000 \u2028`, 'x'.repeat(100_000), ''];
    for (const text of texts) {
      // JSON escapes what a text column would not take; spaces and the order of keys are the saga's own.
      const state = `{ "z": ${JSON.stringify(text)},  "a": 1.0, "n": null }`;
      const made = saga(type, { state });
      await t.store({ sagas: [insert(made)] });
      assert.equal((await committed(t, made))?.state, state);
    }
  },

  'should take unusual ids and correlations': async (t) => {
    const type = `${t.name('type')} 'größe' 🚌`;
    const letters = randomLetters();
    for (const text of [`it's "quoted"; --`, '注文 🚌', 'x'.repeat(190), ' ends ', '%_\\']) {
      const made = saga(type, { id: `${letters}${text}`, correlation: `${text}${letters}` });
      await t.store({ sagas: [insert(made)] });
      const session = await t.session();
      const correlation = made.correlation ?? '';
      const stored = await find(t, session, { type, by: 'correlation', value: correlation });
      assert.deepEqual({ ...stored }, made);
      assert.deepEqual({ ...(await committed(t, made)) }, made);
    }
  },

  'should be changed by an update, and keep its identity': async (t) => {
    const made = saga(t.name('type'));
    await t.store({ sagas: [insert(made)] });
    for (let version = 1; version <= 5; version += 1) {
      const session = await t.session();
      const stored = await found(t, session, made);
      assert.equal(stored.version, version);
      await t.commit(session, { sagas: [update(stored, `{"count":${version}}`)] });
    }
    assert.deepEqual(
      { ...(await committed(t, made)) },
      { ...made, version: 6, state: '{"count":5}' },
    );
  },

  'should be gone after a removal': async (t) => {
    const made = saga(t.name('type'));
    await t.store({ sagas: [insert(made)] });
    const session = await t.session();
    await t.commit(session, { sagas: [remove(await found(t, session, made))] });
    assert.equal(await committed(t, made), undefined);
    const { type, correlation = '' } = made;
    const again = await t.session();
    assert.equal(await find(t, again, { type, by: 'correlation', value: correlation }), undefined);
  },

  'should be left alone by a session that is rolled back': async (t) => {
    const made = saga(t.name('type'));
    await t.store({ sagas: [insert(made)] });
    const session = await t.session();
    await found(t, session, made, true);
    await t.rollback(session);
    const next = await t.session();
    const stored = await found(t, next, made, true);
    await t.commit(next, { sagas: [update(stored, '{"count":1}')] });
    assert.equal((await committed(t, made))?.version, 2);
  },

  'should be seen by every instance of the endpoint': async (t) => {
    const made = saga(t.name('type'));
    await t.store({ sagas: [insert(made)] });
    const other = await t.connect();
    const session = await t.session(t.name('message'), { connection: other });
    assert.deepEqual({ ...(await found(t, session, made)) }, made);
  },
});
