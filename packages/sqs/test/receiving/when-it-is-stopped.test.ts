import { expect, test } from 'vitest';
import { localQueues } from '../support/local-queues.ts';
import { Handled, openConnection, receive, toQueue } from '../support/open-connection.ts';
import { FaultLayer } from '../../../../test/support/sqs/fault-layer.ts';

const local = localQueues();
const noDeadline = (): AbortSignal => new AbortController().signal;

test('what an open poll brings after the stop goes back at once, for whoever receives', async () => {
  await using opened = await local.open();
  await using other = await local.open();
  const { connection, faults } = opened;
  const queue = local.name('stopped');
  await connection.queues.provision([{ name: queue }]);
  const held = Promise.withResolvers<void>();
  const polled = Promise.withResolvers<void>();
  // The answer of the poll is on its way while the receiver stops.
  faults.add(/ReceiveMessage/, async (input, send) => {
    const output = await send(input);
    if ((output.Messages?.length ?? 0) === 0) return output;
    polled.resolve();
    await held.promise;
    return output;
  });
  const never = new Handled();
  const receiver = await receive(connection, queue, (attempt) => never.add(attempt));
  await connection.dispatch([toQueue(queue, 'late')]);
  await polled.promise;
  await receiver.stop(noDeadline());
  held.resolve();
  const handled = new Handled();
  await receive(other.connection, queue, (attempt) => handled.add(attempt));
  await handled.has(1);
  expect(never.ids).toEqual([]);
  expect(handled.attempts[0]?.delivery.deliveryCount).toBe(2);
});

test('a close waits for no poll for longer than two seconds', async () => {
  const faults = new FaultLayer();
  const { connection } = await openConnection({
    ...local.aws.options,
    pollSeconds: 20,
    configureClient: faults.install,
  });
  const queue = local.name('closed');
  await connection.queues.provision([{ name: queue }]);
  const polled = faults.seen('ReceiveMessage', 1);
  await receive(connection, queue, () => {});
  await polled;
  const began = performance.now();
  await connection.close();
  expect(performance.now() - began).toBeLessThan(10_000);
});
