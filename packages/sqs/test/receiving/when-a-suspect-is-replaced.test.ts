import { expect, test } from 'vitest';
import { localQueues } from '../support/local-queues.ts';
import { receive, toQueue } from '../support/open-connection.ts';

const local = localQueues();

test('the original of a suspect is gone before the handler of its copy begins', async () => {
  await using opened = await local.open();
  const { connection, faults } = opened;
  const queue = local.name('suspect');
  await connection.queues.provision([{ name: queue }]);
  let copies = 0;
  faults.add(/^SendMessageBatch$/, async (input, send) => {
    copies += 1;
    return send(input);
  });
  const received = Promise.withResolvers<void>();
  faults.add(/^ReceiveMessage$/, async (input, send) => {
    const output = await send(input);
    if (JSON.stringify(output.Messages ?? []).includes('busbar-guard')) received.resolve();
    return output;
  });
  let deletions = 0;
  faults.add(/^DeleteMessageBatch$/, async (input, send) => {
    // Slower than the way of the copy.
    await received.promise;
    const output = await send(input);
    deletions += input.Entries?.length ?? 0;
    return output;
  });
  const alone = Promise.withResolvers<number>();
  const receiver = await receive(
    connection,
    queue,
    ({ delivery: { deliveryCount } }) => {
      if (deliveryCount <= 2) throw new Error('on purpose');
      alone.resolve(deletions);
    },
    { suspicionAfter: 2 },
  );
  await connection.dispatch([toQueue(queue, 'killer')]);
  // The handler of the copy may end its process, and the deletion with it.
  expect(await alone.promise).toBe(1);
  await receiver.stop(new AbortController().signal);
  expect(copies).toBe(2);
  expect(await connection.queues.peek(queue, 10)).toEqual([]);
});
