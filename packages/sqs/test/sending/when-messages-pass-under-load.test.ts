import { expect, test } from 'vitest';
import { localQueues } from '../support/local-queues.ts';
import { Handled, receive, toQueue } from '../support/open-connection.ts';

const local = localQueues();
const count = 1_000;
/** What batches of ten allow, and five in a hundred more. */
const mostCalls = (count / 10) * 1.05;

test('a thousand messages take hardly more calls than there are tens in them', async () => {
  await using opened = await local.open();
  const { connection, faults } = opened;
  const queue = local.name('load');
  await connection.queues.provision([{ name: queue }]);
  const ids = Array.from({ length: count }, (_, index) => `m-${index}`);
  // As many senders as there are, each with one message at a time.
  const left = [...ids];
  const sender = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const [result] = await connection.dispatch([toQueue(queue, id)]);
      expect(result?.outcome).toBe('confirmed');
    }
  };
  await Promise.all(Array.from({ length: 100 }, sender));
  expect(faults.count('SendMessageBatch')).toBeLessThanOrEqual(mostCalls);

  const handled = new Handled();
  const receiver = await receive(connection, queue, (attempt) => handled.add(attempt), {
    concurrency: 20,
  });
  await handled.has(count);
  await receiver.stop(new AbortController().signal);
  expect(new Set(handled.ids).size).toBe(count);
  expect(faults.count('ReceiveMessage')).toBeLessThanOrEqual(mostCalls + 2);
  expect(faults.count('DeleteMessageBatch')).toBeLessThanOrEqual(mostCalls);
  expect(faults.count('SendMessage') + faults.count('DeleteMessage')).toBe(0);
});

test('events published under load take as few calls', async () => {
  await using opened = await local.open();
  const { connection, faults } = opened;
  const topic = local.name('Shop.Visited');
  await connection.dispatch([eventTo(topic, 'first')]);
  const before = faults.count('PublishBatch');
  await connection.dispatch(
    Array.from({ length: 200 }, (_, index) => eventTo(topic, `e-${index}`)),
  );
  expect(faults.count('PublishBatch') - before).toBe(20);
  expect(faults.count('CreateTopic')).toBe(1);
});

function eventTo(topic: string, id: string): ReturnType<typeof toQueue> {
  return { ...toQueue('', id), destination: { kind: 'topic', topics: [topic] } };
}

test('a receiver that has nothing to do has one poll under way', async () => {
  await using opened = await local.open();
  const { connection, faults } = opened;
  const queue = local.name('idle');
  await connection.queues.provision([{ name: queue }]);
  const polled = faults.seen('ReceiveMessage', 1);
  let most = 0;
  let underWay = 0;
  faults.add(/ReceiveMessage/, async (input, send) => {
    underWay += 1;
    most = Math.max(most, underWay);
    const output = await send(input);
    underWay -= 1;
    return output;
  });
  const again = faults.seen('ReceiveMessage', 4);
  await receive(connection, queue, () => {}, { concurrency: 100 });
  await polled;
  await again;
  expect(most).toBe(1);
});
