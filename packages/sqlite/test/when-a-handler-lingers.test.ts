import { expect, test, vi } from 'vitest';
import { connect, receive } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { within } from './support/within.ts';

vi.setConfig({ testTimeout: 90_000 });

test('should leave the next message to others when it goes on after it has settled', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path });
  await using other = await connect({ file: file.path, pollMs: 499 });
  await connection.queues.provision([{ name: 'queue' }]);
  await connection.dispatch([
    toQueue('queue', { id: 'first' }),
    toQueue('queue', { id: 'second' }),
  ]);
  const end = Promise.withResolvers<void>();
  const settled = Promise.withResolvers<void>();
  const handle = async ({ delivery }: Parameters<Parameters<typeof receive>[2]>[0]) => {
    await delivery.settleWith?.([]);
    settled.resolve();
    await end.promise;
    return 'settled';
  };
  await receive(connection, 'queue', handle, { concurrency: 1 });
  await within(settled.promise, 'the first to be settled');
  const taken = Promise.withResolvers<number>();
  await receive(other, 'queue', ({ delivery }) => taken.resolve(delivery.deliveryCount));
  // It counts as a first delivery, since nobody has begun it.
  expect(await within(taken.promise, 'the second to be given to the other')).toBe(1);
  end.resolve();
});
