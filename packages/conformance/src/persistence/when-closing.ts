import assert from 'node:assert/strict';
import { persistenceScenario } from './support/persistence-scenario.ts';
import { sends } from './support/stored.ts';

export const whenClosing = persistenceScenario('when closing', [], {
  'should be done when it is called again, also at the same time': async (t) => {
    const closing = await t.connect();
    await t.commit(await t.session(t.name('message'), { connection: closing }));
    await t.until(Promise.all([closing.close(), closing.close()]), 'two closings');
    await t.until(closing.close(), 'a third closing');
  },

  'should leave other connections open': async (t) => {
    const [closing, key] = [await t.connect(), t.name('key')];
    const session = await t.session();
    await t.until(closing.close(), 'the connection to close');
    await t.write(session, key, 'kept');
    await t.commit(session);
    assert.equal(await t.read(key), 'kept');
  },

  'should have noted what was marked just before': async (t) => {
    t.needs(t.harness.persistence.capabilities.outbox, 'the persistence has no outbox');
    const closing = await t.connect();
    const id = t.name('message');
    const record = await t.store({ operations: sends('one') }, id, closing);
    closing.outbox.markDispatched(record ?? '');
    await t.until(Promise.all([closing.close(), closing.close()]), 'two closings');
    assert.equal(await t.state(id), 'dispatched');
  },

  'should let a connection be made again, which finds all there was': async (t) => {
    const closing = await t.connect();
    const [id, key] = [t.name('message'), t.name('key')];
    const session = await t.session(id, { connection: closing });
    await t.write(session, key, 'kept');
    await t.commit(session);
    await t.until(closing.close(), 'the connection to close');
    const again = await t.connect();
    assert.equal(await t.read(key), 'kept');
    if (!t.harness.persistence.capabilities.outbox) return;
    assert.equal(await t.state(id, { connection: again }), 'dispatched');
  },
});
