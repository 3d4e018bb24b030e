import { describe, expect, test } from 'vitest';
import { codeOf, receiveOne, useEmulator } from './support/fixture.ts';

const fixture = useEmulator();
const minute = 60_000;

describe('scheduling', () => {
  test('should make a message visible at its time, with a number of its own', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    const sender = client.createSender('orders');
    const at = new Date(control.now().getTime() + minute);
    const [number] = await sender.scheduleMessages({ body: 'later' }, at);
    await sender.sendMessages({ body: 'now' });
    expect(control.counts('orders')).toMatchObject({ active: 1, scheduled: 1 });
    control.advanceClock(minute);
    const receiver = client.createReceiver('orders');
    const messages = await receiver.receiveMessages(2);
    expect(messages.map(({ body }) => body as string)).toEqual(['now', 'later']);
    expect(messages[1]?.enqueuedSequenceNumber).toBe(number?.toNumber());
    expect(messages[1]?.sequenceNumber?.toNumber()).toBeGreaterThan(number!.toNumber());
  });

  test('should schedule by the property of a sent message as well', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    const scheduledEnqueueTimeUtc = new Date(control.now().getTime() + minute);
    await client
      .createSender('orders')
      .sendMessages([{ body: 1, scheduledEnqueueTimeUtc }, { body: 2 }]);
    expect(control.messages('orders')).toMatchObject([
      { state: 'scheduled', scheduledFor: scheduledEnqueueTimeUtc },
      { state: 'active' },
    ]);
    control.advanceClock(minute);
    expect(control.counts('orders')).toMatchObject({ active: 2, scheduled: 0 });
  });

  test('should cancel all of the scheduled messages, or none', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    const sender = client.createSender('orders');
    const at = new Date(control.now().getTime() + minute);
    const numbers = await sender.scheduleMessages([{ body: 1 }, { body: 2 }], at);
    const [first, second] = numbers;
    await sender.cancelScheduledMessages(first!);
    expect(await codeOf(sender.cancelScheduledMessages([first!, second!]))).toBe('MessageNotFound');
    expect(control.counts('orders').scheduled).toBe(1);
    await sender.cancelScheduledMessages(second!);
    expect(control.messages('orders')).toEqual([]);
  });

  test('should publish a scheduled message of a topic at its time', async () => {
    const { client, control } = fixture();
    control.createTopic('events');
    control.createSubscription('events', 'all');
    const at = new Date(control.now().getTime() + minute);
    await client.createSender('events').scheduleMessages({ body: 'x' }, at);
    expect(control.counts('events/Subscriptions/all').active).toBe(0);
    control.advanceClock(minute);
    expect((await receiveOne(client.createReceiver('events', 'all'))).body).toBe('x');
  });

  test('should begin the life of a scheduled message when it becomes visible', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    const at = new Date(control.now().getTime() + 10 * minute);
    await client.createSender('orders').scheduleMessages({ body: 1, timeToLive: minute }, at);
    control.advanceClock(10 * minute);
    expect(control.counts('orders').active).toBe(1);
    control.advanceClock(minute);
    expect(control.counts('orders').active).toBe(0);
  });
});
