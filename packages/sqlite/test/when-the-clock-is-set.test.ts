import { type Clock, type TransportConnection, systemClock } from '@busbar/core';
import { expect, test, vi } from 'vitest';
import { connect, receive } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { within } from './support/within.ts';

vi.setConfig({ testTimeout: 90_000 });

const hourMs = 3_600_000;

/** The wall clock of all processes of a machine: it may be set, while timers and the monotonic clock go on. */
function settableClock(): Clock & { set(byMs: number): void } {
  let offset = 0;
  return {
    ...systemClock,
    now: () => systemClock.now() + offset,
    set: (byMs) => {
      offset += byMs;
    },
  };
}

test('should deliver what was sent before it was set back, in order', async () => {
  using file = temporaryFile();
  const clock = settableClock();
  await using connection = await connect({ file: file.path }, { clock });
  await connection.queues.provision([{ name: 'queue', ordered: true }]);
  const send = (id: string): Promise<unknown> =>
    connection.dispatch([toQueue('queue', { id, partitionKey: 'key' })]);
  await send('one');
  await send('two');
  clock.set(-hourMs);
  await send('three');
  const handled: (string | undefined)[] = [];
  const all = Promise.withResolvers<void>();
  await receive(connection, 'queue', ({ headers }) => {
    handled.push(headers['busbar-message-id']);
    if (handled.length === 3) all.resolve();
  });
  await within(all.promise, 'three messages');
  expect(handled).toEqual(['one', 'two', 'three']);
});

test('should keep what processes with different clocks have sent under one key in order', async () => {
  using file = temporaryFile();
  const clock = settableClock();
  await using ahead = await connect({ file: file.path }, { clock });
  await ahead.queues.provision([{ name: 'queue', ordered: true }]);
  const send = (connection: TransportConnection, id: string): Promise<unknown> =>
    connection.dispatch([toQueue('queue', { id, partitionKey: 'key' })]);
  await send(ahead, 'one');
  await send(ahead, 'two');
  // Two users of one file with clocks of their own share nothing, as two processes do.
  const setBack = settableClock();
  setBack.set(-hourMs);
  await using behind = await connect({ file: file.path }, { clock: setBack });
  await send(behind, 'three');
  await send(ahead, 'four');
  await send(behind, 'five');
  const handled: (string | undefined)[] = [];
  const all = Promise.withResolvers<void>();
  await receive(ahead, 'queue', ({ headers }) => {
    handled.push(headers['busbar-message-id']);
    if (handled.length === 5) all.resolve();
  });
  await within(all.promise, 'five messages');
  expect(handled).toEqual(['one', 'two', 'three', 'four', 'five']);
});

test('should not take its own messages for abandoned ones when it was set ahead', async () => {
  using file = temporaryFile();
  const clock = settableClock();
  await using connection = await connect({ file: file.path }, { clock });
  await connection.queues.provision([{ name: 'queue' }]);
  const attempts: (string | undefined)[] = [];
  const gate = Promise.withResolvers<void>();
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  await receive(connection, 'queue', async ({ delivery, headers }) => {
    attempts.push(headers['busbar-message-id']);
    if (attempts.length > 1) {
      second.resolve();
      return undefined;
    }
    first.resolve();
    await gate.promise;
    expect(delivery.lost).toBe(false);
    await delivery.settleWith?.([]);
    return 'settled';
  });
  await connection.dispatch([toQueue('queue', { id: 'held' })]);
  await within(first.promise, 'the first attempt');
  clock.set(hourMs);
  await connection.dispatch([toQueue('queue', { id: 'other' })]);
  await within(second.promise, 'the other message');
  gate.resolve();
  expect(attempts).toEqual(['held', 'other']);
});
