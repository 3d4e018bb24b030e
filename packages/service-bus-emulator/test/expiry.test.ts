import { describe, expect, test } from 'vitest';
import { receiveOne, useEmulator } from './support/fixture.ts';

const fixture = useEmulator();
const minute = 60_000;

describe('time to live', () => {
  test('should remove a message whose time is over', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    await client
      .createSender('orders')
      .sendMessages([{ body: 1, timeToLive: minute }, { body: 2 }]);
    control.advanceClock(minute);
    expect(control.messages('orders').map(({ body }) => Number(body))).toEqual([2]);
  });

  test('should dead-letter it where the queue says so', async () => {
    const { client, control } = fixture();
    control.createQueue('orders', { deadLetteringOnExpiration: true, defaultTimeToLive: minute });
    await client.createSender('orders').sendMessages({ body: 1, timeToLive: 10 * minute });
    control.advanceClock(minute);
    const receiver = client.createReceiver('orders', { subQueueType: 'deadLetter' });
    expect((await receiveOne(receiver)).deadLetterReason).toBe('TTLExpiredException');
  });

  test('should let who holds the lock finish, and expire after that', async () => {
    const { client, control } = fixture();
    control.createQueue('orders', { lockDuration: 5 * minute });
    await client.createSender('orders').sendMessages([
      { body: 1, timeToLive: minute },
      { body: 2, timeToLive: minute },
    ]);
    const receiver = client.createReceiver('orders');
    const [one, two] = await receiver.receiveMessages(2);
    control.advanceClock(2 * minute);
    await receiver.completeMessage(one!);
    await receiver.abandonMessage(two!);
    expect(control.messages('orders')).toEqual([]);
  });

  test('should keep nothing longer than the topic says', async () => {
    const { client, control } = fixture();
    control.createTopic('events', { defaultTimeToLive: minute });
    control.createSubscription('events', 'sub');
    await client.createSender('events').sendMessages({ body: 1 });
    control.advanceClock(minute);
    expect(control.messages('events/Subscriptions/sub')).toEqual([]);
  });

  test('should expire nothing in a dead-letter queue', async () => {
    const { client, control } = fixture();
    control.createQueue('orders', { deadLetteringOnExpiration: true });
    await client.createSender('orders').sendMessages({ body: 1, timeToLive: minute });
    control.advanceClock(100 * minute);
    expect(control.counts('orders').deadLetters).toBe(1);
  });
});

describe('duplicate detection', () => {
  test('should drop an id that it has seen within the window', async () => {
    const { client, control } = fixture();
    control.createQueue('orders', {
      requiresDuplicateDetection: true,
      duplicateDetectionWindow: minute,
    });
    const sender = client.createSender('orders');
    await sender.sendMessages({ body: 1, messageId: 'm' });
    await sender.sendMessages([
      { body: 2, messageId: 'm' },
      { body: 3, messageId: 'n' },
    ]);
    expect(control.messages('orders').map(({ body }) => Number(body))).toEqual([1, 3]);
    control.advanceClock(minute);
    await sender.sendMessages({ body: 4, messageId: 'm' });
    expect(control.messages('orders').map(({ body }) => Number(body))).toEqual([1, 3, 4]);
  });

  test('should count what was received already, and what is scheduled', async () => {
    const { client, control } = fixture();
    control.createQueue('orders', { requiresDuplicateDetection: true });
    const sender = client.createSender('orders');
    const at = new Date(control.now().getTime() + minute);
    await sender.scheduleMessages({ body: 1, messageId: 'm' }, at);
    const [second] = await sender.scheduleMessages({ body: 2, messageId: 'm' }, at);
    expect(second?.toNumber()).toBeGreaterThan(0);
    control.advanceClock(minute);
    const receiver = client.createReceiver('orders');
    await receiver.completeMessage(await receiveOne(receiver));
    await sender.sendMessages({ body: 3, messageId: 'm' });
    expect(control.messages('orders')).toEqual([]);
  });

  test('should let duplicates through where it is off', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    const message = { body: 1, messageId: 'm' };
    await client.createSender('orders').sendMessages([message, message]);
    expect(control.counts('orders').active).toBe(2);
  });
});
