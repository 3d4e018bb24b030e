import { describe, expect, test } from 'vitest';
import { receiveOne, useEmulator } from './support/fixture.ts';

const fixture = useEmulator();

describe('peeking', () => {
  test('should show messages in every state, and change none', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    const sender = client.createSender('orders');
    await sender.sendMessages([{ body: 'locked' }, { body: 'deferred' }, { body: 'active' }]);
    await sender.scheduleMessages({ body: 'scheduled' }, new Date(Date.now() + 60_000));
    const receiver = client.createReceiver('orders');
    const [, second] = await receiver.receiveMessages(2);
    await receiver.deferMessage(second!);
    const before = control.messages('orders');
    const peeked = await receiver.peekMessages(10);
    expect(peeked.map(({ body, state }) => [body as string, state])).toEqual([
      ['locked', 'active'],
      ['deferred', 'deferred'],
      ['active', 'active'],
      ['scheduled', 'scheduled'],
    ]);
    expect(control.messages('orders')).toEqual(before);
  });

  test('should go on where it ended, or begin where it is told', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    await client.createSender('orders').sendMessages([1, 2, 3, 4].map((body) => ({ body })));
    const receiver = client.createReceiver('orders');
    const bodies = async (peek: ReturnType<typeof receiver.peekMessages>) =>
      (await peek).map(({ body }) => body as number);
    const first = await receiver.peekMessages(1);
    expect(await bodies(receiver.peekMessages(2))).toEqual([2, 3]);
    const fromSequenceNumber = first[0]!.sequenceNumber!;
    expect(await bodies(receiver.peekMessages(10, { fromSequenceNumber }))).toEqual([1, 2, 3, 4]);
    expect(await bodies(receiver.peekMessages(10))).toEqual([]);
  });

  test('should look into dead-letter queues and subscriptions', async () => {
    const { client, control } = fixture();
    control.createTopic('events');
    control.createSubscription('events', 'sub');
    await client.createSender('events').sendMessages([{ body: 1 }, { body: 2 }]);
    const receiver = client.createReceiver('events', 'sub');
    await receiver.deadLetterMessage(await receiveOne(receiver));
    const deadLetters = client.createReceiver('events', 'sub', { subQueueType: 'deadLetter' });
    expect((await deadLetters.peekMessages(5)).map(({ body }) => body as number)).toEqual([1]);
    expect((await receiver.peekMessages(5)).map(({ body }) => body as number)).toEqual([2]);
  });

  test('should give back less than it was asked for, rather than a huge answer', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    const sender = client.createSender('orders');
    const body = Buffer.alloc(200_000);
    for (let sent = 0; sent < 25; sent++) await sender.sendMessages({ body });
    const receiver = client.createReceiver('orders');
    const first = await receiver.peekMessages(25);
    expect(first.length).toBeLessThan(25);
    const rest = await receiver.peekMessages(25);
    expect(first.length + rest.length).toBe(25);
  });
});
