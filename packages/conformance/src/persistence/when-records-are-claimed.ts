import assert from 'node:assert/strict';
import type { OutboxRecord } from '@busbar/core';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { claimed, graceMs, idsOf, idsOfRecords, long, sends } from './support/stored.ts';

export const whenRecordsAreClaimed = persistenceScenario('when records are claimed', ['outbox'], {
  'should give none before the grace is over': async (t) => {
    const { outbox } = t.connection;
    await t.store({ operations: sends('one') });
    await t.never(() => claimed(outbox, { graceMs: long }), 'record within its grace');
  },

  'should give each once the grace is over, with its operations': async (t) => {
    const records = [
      await t.store({ operations: sends('one', 'two') }),
      await t.store({ operations: sends('three') }),
    ];
    const taken: OutboxRecord[] = [];
    await t.eventually(async () => {
      taken.push(...((await claimed(t.connection.outbox)) ?? []));
      return taken.length >= 2 || undefined;
    }, 'two records');
    assert.deepEqual(new Set(taken.map(({ record }) => record)), new Set(records));
    assert.equal(taken.length, 2);
    assert.deepEqual(idsOfRecords(taken), ['one', 'three', 'two']);
  },

  'should give what a process has left that is gone': async (t) => {
    const gone = await t.connect();
    await t.store({ operations: sends('left') }, t.name('message'), gone);
    await t.until(gone.close(), 'the connection to close');
    const records = await t.eventually(() => claimed(t.connection.outbox), 'the record');
    assert.deepEqual(idsOfRecords(records), ['left']);
  },

  'should give each to one of several at the same time': async (t) => {
    const other = await t.connect();
    const count = 30;
    const expected: (string | undefined)[] = [];
    for (let index = 0; index < count; index += 1) {
      expected.push(await t.store({ operations: sends(`${index}`) }));
    }
    const taken: string[] = [];
    const claimants = [t.connection, other, t.connection, other];
    await t.eventually(async () => {
      const rounds = claimants.map(({ outbox }) => claimed(outbox, { limit: 4 }));
      for (const records of await Promise.all(rounds)) {
        assert.ok((records ?? []).length <= 4, 'no more than asked for');
        taken.push(...(records ?? []).map(({ record }) => record));
      }
      return taken.length >= count || undefined;
    }, 'all records');
    assert.equal(taken.length, count);
    assert.deepEqual(new Set(taken), new Set(expected));
    await t.never(() => claimed(other.outbox), 'record that is claimed already');
  },

  'should not give a record again while its lease lasts': async (t) => {
    await t.store({ operations: sends('one') });
    await t.eventually(() => claimed(t.connection.outbox, { leaseMs: long }), 'the record');
    await t.never(() => claimed(t.connection.outbox), 'record that is claimed already');
  },

  'should give a record again whose lease has passed': async (t) => {
    const other = await t.connect();
    const record = await t.store({ operations: sends('one') });
    const leaseMs = 80;
    await t.eventually(() => claimed(t.connection.outbox, { leaseMs }), 'the record');
    await t.advance(leaseMs + 20);
    const again = await t.eventually(() => claimed(other.outbox), 'the record again');
    assert.deepEqual(
      again.map((taken) => taken.record),
      [record],
    );
    assert.deepEqual(idsOfRecords(again), ['one']);
  },

  'should never give what is marked soon after its commit': async (t) => {
    const other = await t.connect();
    const marked = new AbortController();
    const looking = (async () => {
      const seen: string[] = [];
      while (!marked.signal.aborted) {
        const records = await claimed(other.outbox, { graceMs: 10_000 });
        seen.push(...(records ?? []).map(({ record }) => record));
        await t.turn();
      }
      return seen;
    })();
    t.cleanUp(async () => marked.abort());
    for (let index = 0; index < 60; index += 1) {
      const record = await t.store({ operations: sends(`${index}`) });
      t.connection.outbox.markDispatched(record ?? '');
      await t.turn();
    }
    marked.abort();
    assert.deepEqual(await t.until(looking, 'the claimant to end'), []);
  },

  'should give no record that was marked after it was claimed': async (t) => {
    const other = await t.connect();
    const record = await t.store({ operations: sends('one') });
    const leaseMs = 60;
    await t.eventually(() => claimed(other.outbox, { leaseMs }), 'the record');
    other.outbox.markDispatched(record ?? '');
    await t.until(other.close(), 'the connection to close');
    await t.never(() => claimed(t.connection.outbox), 'record that was marked', leaseMs + 10);
  },

  'should give none of another endpoint': async (t) => {
    const other = await t.connect(t.name('other'));
    await t.store({ operations: sends('mine') });
    await t.never(() => claimed(other.outbox), 'record of another endpoint');
    const records = await t.eventually(() => claimed(t.connection.outbox), 'the record');
    assert.deepEqual(idsOfRecords(records), ['mine']);
  },

  'should give nothing where nothing was sent': async (t) => {
    await t.store({});
    await t.never(() => claimed(t.connection.outbox), 'record');
  },
});

export const whenARecordIsKept = persistenceScenario('when a record is kept', ['outbox'], {
  'should be left with what is still to dispatch': async (t) => {
    const id = t.name('message');
    const record = await t.store({ operations: sends('one', 'two', 'three') }, id);
    await t.until(
      t.connection.outbox.keep(record ?? '', sends('two'), long),
      'the record to be kept',
    );
    const opened = await t.look(id);
    assert.ok(opened.state === 'stored', `it is ${opened.state}`);
    assert.deepEqual(idsOf(opened.operations), ['two']);
  },

  'should not be given before its time': async (t) => {
    const record = await t.store({ operations: sends('one') });
    await t.until(
      t.connection.outbox.keep(record ?? '', sends('one'), long),
      'the record to be kept',
    );
    await t.never(() => claimed(t.connection.outbox), 'record before its time');
  },

  'should be given after its time, without a further grace': async (t) => {
    const other = await t.connect();
    const record = await t.store({ operations: sends('one', 'two') });
    await t.until(
      t.connection.outbox.keep(record ?? '', sends('two'), 50),
      'the record to be kept',
    );
    const look = (): ReturnType<typeof claimed> => claimed(other.outbox, { graceMs: long });
    const records = await t.eventually(look, 'the record after its time');
    assert.deepEqual(
      records.map((taken) => taken.record),
      [record],
    );
    assert.deepEqual(idsOfRecords(records), ['two']);
  },

  'should be given to nobody for its time though it was claimed': async (t) => {
    const record = await t.store({ operations: sends('one', 'two') });
    const { outbox } = t.connection;
    await t.eventually(() => claimed(outbox, { leaseMs: graceMs }), 'the record');
    await t.until(outbox.keep(record ?? '', sends('one'), long), 'the record to be kept');
    await t.never(() => claimed(outbox), 'record before its time');
  },

  'should be dispatched once it is marked': async (t) => {
    const marking = await t.connect();
    const id = t.name('message');
    const record = await t.store({ operations: sends('one', 'two') }, id);
    await t.until(marking.outbox.keep(record ?? '', sends('one'), 0), 'the record to be kept');
    marking.outbox.markDispatched(record ?? '');
    await t.until(marking.close(), 'the connection to close');
    assert.equal(await t.state(id), 'dispatched');
  },
});
