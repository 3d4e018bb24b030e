import { expect, test, vi } from 'vitest';
import { Child } from './support/child.ts';
import { connect, receive } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { within } from './support/within.ts';

vi.setConfig({ testTimeout: 90_000 });

const leaseMs = 500;

test('should refuse all that it does once another one has its message', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path, leaseMs });
  await connection.queues.provision([{ name: 'in' }, { name: 'out' }]);
  await using child = new Child('stall', file.path, `${leaseMs}`, '2500');
  await child.report('started');
  await connection.dispatch([toQueue('in')]);
  await child.report('handling');
  const taken = Promise.withResolvers<void>();
  await receive(connection, 'in', async ({ delivery }) => {
    expect(delivery.deliveryCount).toBe(2);
    expect(delivery.diedAlone).toBe(false);
    await delivery.settleWith?.([toQueue('out', { id: 'by the second' })]);
    taken.resolve();
    return 'settled';
  });
  await within(taken.promise, 'the message to be given to the second');
  expect(child.values('ended')).toEqual([]);
  const { value } = await child.report('ended');
  expect(value).toEqual({ lost: true, aborted: true, outcome: 'DELIVERY_LOST' });
  const out = await connection.queues.peek('out', 10);
  expect(out.map(({ headers }) => headers['busbar-message-id'])).toEqual(['by the second']);
});

test('should let it go on when nobody wanted its message meanwhile', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path, leaseMs });
  await connection.queues.provision([{ name: 'in' }, { name: 'out' }]);
  await using child = new Child('stall', file.path, `${leaseMs}`, '1200');
  await child.report('started');
  await connection.dispatch([toQueue('in')]);
  await child.report('handling');
  const { value } = await child.report('ended');
  expect(value).toEqual({ lost: false, aborted: false, outcome: 'confirmed' });
  expect(await connection.queues.peek('in', 10)).toEqual([]);
});

test('should keep a message for as long as its handler awaits', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path, leaseMs: 300 });
  // Another store, as another process: it would take the message as soon as the lease ran out.
  await using other = await connect({ file: file.path, leaseMs: 301 });
  await connection.queues.provision([{ name: 'in' }]);
  let attempts = 0;
  const began = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const handle = async (): Promise<void> => {
    attempts += 1;
    began.resolve();
    await ended.promise;
  };
  await receive(connection, 'in', handle);
  await connection.dispatch([toQueue('in')]);
  await within(began.promise, 'the handler to begin');
  await receive(other, 'in', handle);
  const since = performance.now();
  let handled = Promise.withResolvers<void>();
  await other.queues.provision([{ name: 'clock' }]);
  await receive(other, 'clock', () => handled.resolve());
  // Five leases long, messages pass beside it.
  while (performance.now() - since < 1_500) {
    handled = Promise.withResolvers();
    await connection.dispatch([toQueue('clock', { deliverAt: Date.now() + 50 })]);
    await within(handled.promise, 'a delayed message');
  }
  expect(attempts).toBe(1);
  ended.resolve();
});
