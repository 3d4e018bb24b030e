import assert from 'node:assert/strict';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { sends } from './support/stored.ts';

const many = 60;

export const whenManySessionsAreOpen = persistenceScenario('when many sessions are open', [], {
  'should bring all of them to their end, however many connections there are': async (t) => {
    const keys = Array.from({ length: many }, (_, index) => t.name(`key-${index}`));
    const handling = keys.map(async (key, index) => {
      const session = await t.session();
      await t.write(session, key, `value-${index}`);
      if (index % 5 === 0) await t.rollback(session);
      else await t.commit(session);
    });
    await t.until(Promise.all(handling), 'all sessions to end');
    const values = await Promise.all(keys.map((key) => t.read(key)));
    const expected = keys.map((_, index) => (index % 5 === 0 ? undefined : `value-${index}`));
    assert.deepEqual(values, expected);
  },

  'should mark, claim and forget beside them': async (t) => {
    t.needs(t.harness.persistence.capabilities.outbox, 'the persistence has no outbox');
    const { outbox } = t.connection;
    const ids = Array.from({ length: many }, () => t.name('message'));
    const handling = ids.map(async (id) => {
      const record = await t.store({ operations: sends(id) }, id);
      outbox.markDispatched(record ?? '');
    });
    const beside = Array.from({ length: 10 }, async () => {
      await outbox.claim({ limit: 10, graceMs: 600_000, leaseMs: 1_000 });
      await outbox.claimLane({ limit: 10, graceMs: 600_000, leaseMs: 1_000 });
      await outbox.forget(new AbortController().signal);
      await outbox.backlog();
    });
    await t.until(Promise.all([...handling, ...beside]), 'all to end');
    for (const id of ids) {
      const look = async (): Promise<true | undefined> =>
        (await t.state(id)) === 'dispatched' || undefined;
      await t.eventually(look, `message ${id} to be dispatched`);
    }
  },

  'should give back what each held, however it ended': async (t) => {
    for (let round = 0; round < many; round += 1) {
      const [one, other] = [await t.session(), await t.begin()];
      await (round % 2 === 0 ? t.rollback(one) : t.commit(one));
      await (round % 3 === 0 ? t.rollback(other) : t.commit(other));
    }
    assert.equal(await t.read(t.name('unknown')), undefined);
  },
});
