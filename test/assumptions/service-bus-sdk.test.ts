import { ServiceBusClient } from '@azure/service-bus';
import { startServiceBusEmulator } from '@busbar/service-bus-emulator';
import { expect, test } from 'vitest';

// rhea joins the settlements of one tick into ranges, and never compares the second one with the first. In 7.9.5 with rhea
// 3.0.5 a dead letter that is settled right behind a completed neighbour is completed, and gone.
test('should take the outcome of the first for the second when neighbours are settled in one tick', async () => {
  await using emulator = await startServiceBusEmulator();
  const { control } = emulator;
  control.createQueue('orders');
  const client = new ServiceBusClient(emulator.connectionString);
  await client.createSender('orders').sendMessages([{ body: 1 }, { body: 2 }]);
  const receiver = client.createReceiver('orders');
  const [first, second] = await receiver.receiveMessages(2);
  await Promise.all([receiver.completeMessage(first!), receiver.deadLetterMessage(second!)]);
  expect(control.counts('orders')).toMatchObject({ active: 0, deadLetters: 0 });
  await client.close();
});

test('should keep the outcomes apart when the settlements are awaited one by one', async () => {
  await using emulator = await startServiceBusEmulator();
  const { control } = emulator;
  control.createQueue('orders');
  const client = new ServiceBusClient(emulator.connectionString);
  await client.createSender('orders').sendMessages([{ body: 1 }, { body: 2 }]);
  const receiver = client.createReceiver('orders');
  const [first, second] = await receiver.receiveMessages(2);
  await receiver.completeMessage(first!);
  await receiver.deadLetterMessage(second!);
  expect(control.counts('orders')).toMatchObject({ active: 0, deadLetters: 1 });
  await client.close();
});
