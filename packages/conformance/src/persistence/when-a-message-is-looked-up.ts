import assert from 'node:assert/strict';
import { randomLetters } from '../support/operations.ts';
import { type PersistenceTest, persistenceScenario } from './support/persistence-scenario.ts';
import { idsOf, keyed, sends } from './support/stored.ts';

const unusual: readonly (readonly [what: string, id: string])[] = [
  ['with quotes', `it's "quoted" \`here\``],
  ['with what SQL would read', "'; DROP TABLE orders; -- $1 ? :id %s"],
  ['in Unicode', 'größe-注文-🚌-\u0301'],
  ['of 200 characters', 'x'.repeat(190)],
  ['with spaces at its ends', '  both  '],
  ['with slashes and line ends', 'a/b\\c\r\n\td'],
];

/** Neither a prefix of the id nor the same in other letters is the same message. */
function toldFromOthers(text: string): PersistenceTest {
  return async (t) => {
    const letters = `a${randomLetters()}`;
    const id = `${letters}-${text}`;
    await t.store({ operations: sends('one') }, id);
    assert.equal(await t.state(id), 'stored');
    assert.equal(await t.state(`${letters}-${text.slice(0, -1)}`), 'new');
    assert.equal(await t.state(`${letters.toUpperCase()}-${text}`), 'new');
  };
}

export const whenAMessageIsLookedUp = persistenceScenario(
  'when a message is looked up',
  ['outbox'],
  {
    'should be new when nobody has handled it': async (t) => {
      assert.equal(await t.state(t.name('unknown')), 'new');
    },

    'should be new again after a session that was rolled back': async (t) => {
      const id = t.name('message');
      assert.equal(await t.state(id), 'new');
      assert.equal(await t.state(id), 'new');
    },

    'should be stored, with its operations, after a commit': async (t) => {
      const id = t.name('message');
      const record = await t.store({ operations: sends('one', 'two') }, id);
      assert.ok(record !== undefined, 'the commit names the record');
      const opened = await t.look(id);
      assert.ok(opened.state === 'stored', `it is ${opened.state}`);
      assert.deepEqual(idsOf(opened.operations), ['one', 'two']);
    },

    'should be dispatched when it was handled and sent nothing': async (t) => {
      const id = t.name('message');
      const record = await t.store({}, id);
      assert.equal(record, undefined, 'there is nothing to dispatch, so there is no record');
      assert.equal(await t.state(id), 'dispatched');
    },

    'should leave operations with a partition key to their lanes': async (t) => {
      const [mixed, lanesOnly] = [t.name('mixed'), t.name('lanes-only')];
      await t.store({ operations: [...keyed('key', 'in-lane'), ...sends('direct')] }, mixed);
      const record = await t.store({ operations: keyed('key', 'also-in-lane') }, lanesOnly);
      const opened = await t.look(mixed);
      assert.ok(opened.state === 'stored', `it is ${opened.state}`);
      assert.deepEqual(idsOf(opened.operations), ['direct']);
      assert.equal(record, undefined);
      assert.equal(await t.state(lanesOnly), 'dispatched');
    },

    'should be known to every instance of the endpoint': async (t) => {
      const id = t.name('message');
      const other = await t.connect();
      await t.store({ operations: sends('one') }, id);
      assert.equal(await t.state(id, { connection: other }), 'stored');
    },

    'should be new to another endpoint, which keeps a record of its own': async (t) => {
      const id = t.name('message');
      const other = await t.connect(t.name('other'));
      await t.store({ operations: sends('of-the-first') }, id);
      assert.equal(await t.state(id, { connection: other }), 'new');
      await t.store({ operations: sends('of-the-second') }, id, other);
      const [first, second] = [await t.look(id), await t.look(id, { connection: other })];
      assert.ok(first.state === 'stored' && second.state === 'stored');
      assert.deepEqual(idsOf(first.operations), ['of-the-first']);
      assert.deepEqual(idsOf(second.operations), ['of-the-second']);
    },

    'should not be looked up, and no record be kept, without an outbox': async (t) => {
      const id = t.name('message');
      await t.commit(await t.session(id, { outbox: false }));
      await t.commit(await t.session(id, { outbox: false }));
      assert.equal(await t.state(id), 'new');
    },

    ...Object.fromEntries(
      unusual.map(([what, text]) => [
        `should be told from others by an id ${what}`,
        toldFromOthers(text),
      ]),
    ),
  },
);
