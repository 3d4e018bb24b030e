import { type Clock, type TransportConnection, systemClock } from '@busbar/core';
import { expect, test, vi } from 'vitest';
import { connect, connectInside, receive } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { until, within } from './support/within.ts';

vi.setConfig({ testTimeout: 90_000 });

/** Nothing is looked at by the passing of time. */
const timeless: Clock = { ...systemClock, setTimer: () => ({ cancel: () => {} }) };

const failing: Record<string, (connection: TransportConnection) => Promise<unknown>> = {
  'a move to a missing queue': ({ queues }) =>
    queues.move({ from: 'in', to: 'missing', nativeIds: ['1'] }),
  'a subscription of a missing queue': ({ subscriptions }) =>
    subscriptions.subscribe('missing', ['topic']),
  'the start of a receiver of a missing queue': (connection) =>
    receive(connection, 'missing', () => {}),
};

for (const [name, fail] of Object.entries(failing)) {
  test.each(['before', 'after'])(
    `should deliver at once what was sent in one transaction with ${name}, %s it`,
    async (order) => {
      using file = temporaryFile();
      await using connection = await connect({ file: file.path }, { clock: timeless });
      await connection.queues.provision([{ name: 'in' }]);
      const handled = Promise.withResolvers<void>();
      await receive(connection, 'in', () => handled.resolve());
      const send = (): Promise<unknown> => connection.dispatch([toQueue('in')]);
      const both = order === 'before' ? [send(), fail(connection)] : [fail(connection), send()];
      const outcomes = await Promise.allSettled(both);
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      await within(handled.promise, 'the message', 5_000);
    },
  );
}

test('should deliver at once what was sent when a whole batch had to be tried one by one', async () => {
  using file = temporaryFile();
  const host = { clock: timeless, onCritical: () => {} };
  const { connection, store } = await connectInside({ file: file.path }, host);
  await using _ = connection;
  await connection.queues.provision([{ name: 'in' }]);
  const handled = Promise.withResolvers<void>();
  await receive(connection, 'in', () => handled.resolve());
  let refusals = 0;
  const tooMuch = store.writer.submit(() => {
    refusals += 1;
    throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
  }, false);
  const sent = connection.dispatch([toQueue('in')]);
  await expect(tooMuch).rejects.toThrow('disk is full');
  expect(await sent).toMatchObject([{ outcome: 'confirmed' }]);
  expect(refusals).toBe(2);
  await within(handled.promise, 'the message', 5_000);
});

test('should deliver at once what was stored while fetching failed', async () => {
  using file = temporaryFile();
  const { connection, store } = await connectInside({ file: file.path }, { clock: timeless });
  await using _ = connection;
  await connection.queues.provision([{ name: 'in' }]);
  const handled = Promise.withResolvers<void>();
  await receive(connection, 'in', () => handled.resolve());
  const claim = vi.spyOn(store.messages, 'claim').mockImplementationOnce(() => {
    throw new Error('on purpose');
  });
  expect(await connection.dispatch([toQueue('in')])).toMatchObject([{ outcome: 'confirmed' }]);
  await within(handled.promise, 'the message', 5_000);
  expect(claim).toHaveBeenCalledTimes(2);
});

test('should find within seconds what nobody told it of', async () => {
  using file = temporaryFile();
  const inside = await connectInside({ file: file.path });
  await using connection = inside.connection;
  await connection.queues.provision([{ name: 'in' }]);
  let handled = Promise.withResolvers<void>();
  await receive(connection, 'in', () => handled.resolve());
  await connection.dispatch([toQueue('in')]);
  await within(handled.promise, 'the first message');
  await until(async () => (await connection.queues.peek('in', 1)).length === 0, 'it is settled');
  handled = Promise.withResolvers();
  // Not by way of the writer, and not by another connection either.
  const { messages, topology } = inside.store;
  inside.file.begin(false, true);
  messages.insert({
    queueId: topology.queue('in').id,
    dueAt: 0,
    delayed: false,
    lane: null,
    expiresAt: null,
    headers: '{}',
    body: new Uint8Array(0),
  });
  inside.file.commit();
  await within(handled.promise, 'the message', 10_000);
});
