import { expect, test } from 'vitest';
import { localQueues } from '../support/local-queues.ts';
import { receive } from '../support/open-connection.ts';
import { ScriptedQueue, incoming } from '../support/scripted-queue.ts';

const local = localQueues();

test('all of a key goes back, in order, when the receiver pauses', async () => {
  await using opened = await local.open();
  const { connection, faults } = opened;
  const queue = local.name('ordered');
  await connection.queues.provision([{ name: queue, ordered: true }]);
  const scripted = new ScriptedQueue(faults);
  const begun: string[] = [];
  const first = Promise.withResolvers<void>();
  const receiver = await receive(
    connection,
    queue,
    async ({ delivery: { nativeId } }) => {
      begun.push(nativeId);
      if (nativeId === 'x') throw new Error('on purpose');
      await first.promise;
    },
    {
      ordered: true,
      concurrency: 4,
      onError: () => {
        throw new Error('the error queue is not there');
      },
    },
  );
  scripted.answer(...['b0', 'b1', 'b2', 'b3', 'x'].map((id) => incoming(id)));
  await scripted.until(() => ['b1', 'x'].every((id) => scripted.givenBack.includes(id)));
  first.resolve();
  await scripted.until(() => scripted.deleted.length === 1);
  expect(scripted.givenBack.toSorted()).toEqual(['b1', 'b2', 'b3', 'x']);
  expect(begun.filter((id) => id !== 'x')).toEqual(['b0']);
  scripted.end();
  await receiver.stop(AbortSignal.abort());
});

test('all of a key goes back when the hold of its first message is lost', async () => {
  await using opened = await local.open();
  const { connection, faults } = opened;
  const queue = local.name('ordered');
  await connection.queues.provision([{ name: queue, ordered: true }]);
  const scripted = new ScriptedQueue(faults);
  scripted.lost.add('a1');
  const begun: string[] = [];
  const receiver = await receive(
    connection,
    queue,
    async ({ delivery }) => {
      begun.push(delivery.nativeId);
      await new Promise((resolve) => delivery.signal.addEventListener('abort', resolve));
    },
    { ordered: true, concurrency: 4 },
  );
  scripted.answer(...['a1', 'a2', 'a3', 'a4'].map((id) => incoming(id)));
  await scripted.until(() => scripted.givenBack.length === 3);
  expect(scripted.givenBack.toSorted()).toEqual(['a2', 'a3', 'a4']);
  expect(begun).toEqual(['a1']);
  expect(scripted.deleted).toEqual([]);
  scripted.end();
  await receiver.stop(AbortSignal.abort());
});
