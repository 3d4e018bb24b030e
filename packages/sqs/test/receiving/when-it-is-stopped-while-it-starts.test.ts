import { expect, test } from 'vitest';
import { localQueues } from '../support/local-queues.ts';
import { Handled, receive, toQueue } from '../support/open-connection.ts';

const local = localQueues();

test('a start that a stop did not wait for takes nothing, and can be tried again', async () => {
  await using opened = await local.open();
  const { connection, faults } = opened;
  const queue = local.name('starting');
  await connection.queues.provision([{ name: queue }]);
  await connection.dispatch([toQueue(queue, 'waits')]);
  const asked = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  faults.add(/GetQueueUrl/, async (input, send) => {
    asked.resolve();
    await held.promise;
    return send(input);
  });
  const handled = new Handled();
  const receiver = connection.createReceiver({
    queue,
    concurrency: 8,
    suspicionAfter: 50,
    ordered: false,
  });
  const onError = async () => ({ action: 'release' }) as const;
  const starting = receiver.start(async () => 'settle', onError);
  await asked.promise;
  await receiver.stop(AbortSignal.abort());
  held.resolve();
  await expect(starting).rejects.toMatchObject({ code: 'STOPPED' });
  expect(receiver.health()).toMatchObject({ receiving: false });
  await receive(connection, queue, (attempt) => handled.add(attempt));
  await handled.has(1);
  expect(handled.attempts[0]?.delivery.deliveryCount).toBe(1);
});
