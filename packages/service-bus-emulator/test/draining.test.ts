import { once } from 'node:events';
import { connect, type Connection, type Receiver } from 'rhea';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startServiceBusEmulator, type ServiceBusEmulator } from '../src/index.ts';
import { impatient } from './support/fixture.ts';
import { ServiceBusClient } from '@azure/service-bus';

let emulator: ServiceBusEmulator;
let connection: Connection;

beforeAll(async () => {
  emulator = await startServiceBusEmulator();
  const { host, port } = emulator;
  connection = connect({ host, port, username: 'anonymous', reconnect: false });
  await once(connection, 'connection_open');
});

afterAll(async () => {
  connection.close();
  await once(connection, 'connection_close');
  await emulator.stop();
});

async function receiverOf(queue: string): Promise<Receiver> {
  emulator.control.createQueue(queue);
  const receiver = connection.open_receiver({ source: queue, credit_window: 0, autoaccept: false });
  await once(receiver, 'receiver_open');
  return receiver;
}

describe('a drain', () => {
  test('should be answered where nothing lies in the queue', async () => {
    const receiver = await receiverOf('empty');
    const drained = once(receiver, 'receiver_drained');
    receiver.add_credit(3);
    receiver.drain_credit();
    await drained;
    expect(receiver).toMatchObject({ credit: 0 });
  });

  test('should be answered where a message takes the last credit at that moment', async () => {
    const receiver = await receiverOf('orders');
    const client = new ServiceBusClient(emulator.connectionString, impatient);
    await client.createSender('orders').sendMessages({ body: 'a' });
    await client.close();
    const drained = once(receiver, 'receiver_drained');
    const arrived = once(receiver, 'message');
    receiver.add_credit(1);
    receiver.drain_credit();
    await Promise.all([arrived, drained]);
    expect(receiver).toMatchObject({ credit: 0 });
  });

  test('should leave nothing locked and unsent that is given back at that moment', async () => {
    const receiver = await receiverOf('returned');
    const client = new ServiceBusClient(emulator.connectionString, impatient);
    await client.createSender('returned').sendMessages([{ body: 'a' }, { body: 'b' }]);
    await client.close();
    const arrived: string[] = [];
    const first = Promise.withResolvers<void>();
    receiver.on('message', ({ message, delivery }) => {
      arrived.push(String(message?.message_id));
      if (arrived.length > 2) return;
      delivery?.modified({ delivery_failed: true, undeliverable_here: false });
      if (arrived.length === 2) first.resolve();
    });
    const drained = once(receiver, 'receiver_drained');
    receiver.add_credit(8);
    await first.promise;
    receiver.drain_credit();
    await drained;
    const locked = emulator.control
      .messages('returned')
      .filter(({ lockedUntil }) => lockedUntil !== undefined);
    expect(arrived.length - 2).toBe(locked.length);
  });
});
