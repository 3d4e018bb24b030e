import { expect, test } from 'vitest';
import { localQueues } from '../support/local-queues.ts';
import { receive } from '../support/open-connection.ts';
import { ScriptedQueue } from '../support/scripted-queue.ts';

const local = localQueues();

test('native messages of one group are handled one after the other', async () => {
  await using opened = await local.open({
    nativeMessages: ({ messageId, body }) => ({
      headers: { 'busbar-message-id': messageId },
      body: Buffer.from(body),
    }),
  });
  const { connection, faults } = opened;
  const queue = local.name('native');
  await connection.queues.provision([{ name: queue, ordered: true }]);
  const scripted = new ScriptedQueue(faults);
  let inside = 0;
  const order: string[] = [];
  const receiver = await receive(
    connection,
    queue,
    async ({ delivery: { nativeId } }) => {
      inside += 1;
      expect(inside).toBe(1);
      order.push(nativeId);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    },
    { ordered: true },
  );
  const ids = ['m0', 'm1', 'm2', 'm3'];
  scripted.answer(
    ...ids.map((id) => ({
      MessageId: id,
      ReceiptHandle: id,
      Body: id,
      Attributes: { ApproximateReceiveCount: '1', MessageGroupId: 'account-1' },
    })),
  );
  await scripted.until(() => scripted.deleted.length === ids.length);
  expect(order).toEqual(ids);
  scripted.end();
  await receiver.stop(AbortSignal.abort());
});
