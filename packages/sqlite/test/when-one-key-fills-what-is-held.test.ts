import { headerNames } from '@busbar/core';
import { expect, test, vi } from 'vitest';
import { quietHost } from './support/hosts.ts';
import { connect } from './support/connect.ts';
import { temporaryFile } from './support/temporary-file.ts';

test('should say in health that other keys wait', async () => {
  using file = temporaryFile();
  await using connection = await connect({ file: file.path }, quietHost());
  await connection.queues.provision([{ name: 'orders' }]);
  const busy = { [headerNames.messageId]: 'm', [headerNames.partitionKey]: 'busy' };
  await connection.dispatch(
    Array.from({ length: 8 }, () => ({
      message: { headers: busy, body: new Uint8Array() },
      destination: { kind: 'queue', queue: 'orders' } as const,
      partitionKey: 'busy',
    })),
  );
  const gate = Promise.withResolvers<void>();
  const receiver = connection.createReceiver({
    queue: 'orders',
    concurrency: 2,
    suspicionAfter: 5,
    ordered: false,
  });
  await receiver.start(
    async () => {
      await gate.promise;
      return 'settle';
    },
    async () => ({ action: 'release' }),
  );
  await vi.waitFor(
    () =>
      expect(receiver.health().heldUp).toBe(
        '3 of 4 held messages wait behind busy partition keys, such as "busy"',
      ),
    { timeout: 10_000 },
  );
  gate.resolve();
  await vi.waitFor(() => expect(receiver.health().settled).toBe(8), { timeout: 10_000 });
  expect(receiver.health().heldUp).toBeUndefined();
  await receiver.stop(AbortSignal.timeout(5_000));
});
