import { ServiceBusClient, type ServiceBusReceivedMessage } from '@azure/service-bus';
import { systemClock } from '@busbar/core';
import { startServiceBusEmulator } from '@busbar/service-bus-emulator';
import { expect, test } from 'vitest';
import type { ServiceBusDelivery } from '../../src/receiving/service-bus-delivery.ts';
import { Settlements } from '../../src/receiving/settlements.ts';

test('should settle each message as it was said, though all of them are settled at once', async () => {
  await using emulator = await startServiceBusEmulator();
  const { control } = emulator;
  control.createQueue('orders');
  const client = new ServiceBusClient(emulator.connectionString);
  const bodies = [1, 2, 3, 4, 5, 6, 7, 8];
  await client.createSender('orders').sendMessages(bodies.map((body) => ({ body })));
  const receiver = client.createReceiver('orders');
  const messages = await receiver.receiveMessages(bodies.length);
  const settlements = new Settlements(systemClock, 0, false);
  const deliveries = messages.map(
    (message) => ({ receiver, settled: () => message }) as unknown as ServiceBusDelivery,
  );
  await Promise.all(
    deliveries.map((delivery, index) => {
      if (index % 4 === 1) return settlements.deadLetter(delivery);
      if (index % 4 === 3) return settlements.abandon(delivery, { by: String(index) });
      return settlements.complete(delivery);
    }),
  );
  const left: ServiceBusReceivedMessage[] = await receiver.peekMessages(bodies.length);
  const dead = client.createReceiver('orders', { subQueueType: 'deadLetter' });
  const deadLetters = await dead.peekMessages(bodies.length);
  expect(left.map(({ body, applicationProperties }) => [body, applicationProperties])).toEqual([
    [4, { by: '3' }],
    [8, { by: '7' }],
  ]);
  expect(deadLetters.map(({ body }) => body as number)).toEqual([2, 6]);
  await client.close();
});
