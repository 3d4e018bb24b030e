import { expect, test } from 'vitest';
import { ServiceBusClient } from '@azure/service-bus';
import { type EmulatorOptions, startServiceBusEmulator } from '../src/index.ts';
import { codeOf, impatient } from './support/fixture.ts';

test('should have one namespace for all keys unless it is told otherwise', async () => {
  await using emulator = await startServiceBusEmulator();
  emulator.namespace('one').control.createQueue('orders');
  expect(emulator.namespace('two').control.entities()).toEqual(['orders']);
  await using client = closing(new ServiceBusClient(emulator.connectionString, impatient));
  await client.it.createSender('orders').sendMessages({ body: 1 });
  expect(emulator.control.counts('orders').active).toBe(1);
});

test('should give each key a namespace with its own entities, clock and faults', async () => {
  await using emulator = await startServiceBusEmulator({ isolateByKeyName: true });
  const [one, two] = ['one', 'two'].map((name) => emulator.namespace(name));
  one!.control.createQueue('orders');
  one!.control.failNext({ operation: 'send' });
  one!.control.advanceClock(3_600_000);
  expect(two!.control.entities()).toEqual([]);
  expect(two!.control.pendingFaults).toBe(0);
  expect(one!.control.now().getTime() - two!.control.now().getTime()).toBeGreaterThan(3_500_000);
  await using client = closing(new ServiceBusClient(two!.connectionString, impatient));
  expect(await codeOf(client.it.createSender('orders').sendMessages({ body: 1 }))).toBe(
    'MessagingEntityNotFound',
  );
});

test('should free its port when it stops, whoever is connected', async () => {
  const emulator = await startServiceBusEmulator();
  emulator.control.createQueue('orders');
  const client = new ServiceBusClient(emulator.connectionString, impatient);
  await client.createSender('orders').sendMessages({ body: 1 });
  await emulator.stop();
  await using again = await startServiceBusEmulator({ port: emulator.port });
  expect(again.port).toBe(emulator.port);
  expect(again.control.entities()).toEqual([]);
  await client.close();
});

test('should say that a port is taken', async () => {
  await using emulator = await startServiceBusEmulator();
  await expect(startServiceBusEmulator({ port: emulator.port })).rejects.toThrow('EADDRINUSE');
});

test.each<[EmulatorOptions, string]>([
  [{ port: 70_000 }, 'port is 70000'],
  [{ maxConnections: 0 }, 'maxConnections is 0'],
  [{ maxEntitySizeInMegabytes: -1 }, 'maxEntitySizeInMegabytes is -1'],
  [{ tier: 'basic' as 'standard' }, "tier is 'basic'"],
  [Object.fromEntries([['prot', 1]]), "no option 'prot'"],
])('should refuse the options %j', async (options, text) => {
  await expect(startServiceBusEmulator(options)).rejects.toThrow(text);
});

function closing(it: ServiceBusClient) {
  return { it, [Symbol.asyncDispose]: () => it.close() };
}
