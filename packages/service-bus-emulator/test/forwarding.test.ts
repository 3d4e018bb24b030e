import { describe, expect, test } from 'vitest';
import { codeOf, receiveOne, useEmulator } from './support/fixture.ts';

const fixture = useEmulator();

describe('forwarding', () => {
  test('should pass on what arrives, with the number that it had', async () => {
    const { client, control } = fixture();
    control.createQueue('target');
    control.createQueue('source', { forwardTo: 'target' });
    const sender = client.createSender('source');
    await sender.sendMessages({ body: 1, messageId: 'm' });
    expect(control.messages('source')).toEqual([]);
    const message = await receiveOne(client.createReceiver('target'));
    expect(message).toMatchObject({ body: 1, messageId: 'm' });
    expect(await codeOf(client.createReceiver('source').receiveMessages(1))).toBe('GeneralError');
  });

  test('should forward from a subscription, as transports route with it', async () => {
    const { client, control } = fixture();
    control.createTopic('events');
    control.createQueue('billing');
    control.createSubscription('events', 'billing', {
      forwardTo: 'billing',
      sqlFilter: "bb_up IS NULL OR (bb_up NOT LIKE '%.x1.%' AND bb_up NOT LIKE '%.x2.%')",
    });
    const sender = client.createSender('events');
    const up = (bb_up: string) => ({ applicationProperties: { bb_up } });
    await sender.sendMessages([
      { body: 1 },
      { body: 2, ...up('.x3.') },
      { body: 3, ...up('.x0.x1.') },
      { body: 4, ...up('.x2.') },
    ]);
    expect(control.messages('billing').map(({ body }) => Number(body))).toEqual([1, 2]);
  });

  test('should forward dead letters and say where they are from', async () => {
    const { client, control } = fixture();
    control.createQueue('errors');
    control.createQueue('orders', { forwardDeadLetteredTo: 'errors' });
    await client.createSender('orders').sendMessages({ body: 1 });
    const receiver = client.createReceiver('orders');
    await receiver.deadLetterMessage(await receiveOne(receiver), {
      deadLetterReason: 'Bad',
      deadLetterErrorDescription: 'It is.',
    });
    const message = await receiveOne(client.createReceiver('errors'));
    expect(message).toMatchObject({ deadLetterSource: 'orders', deadLetterReason: 'Bad' });
    expect(message.enqueuedSequenceNumber).toBe(1);
  });

  test('should keep what it cannot pass on in the transfer dead-letter queue', async () => {
    const { client, control } = fixture();
    control.createTopic('events');
    control.createQueue('gone');
    control.createSubscription('events', 'sub', { forwardTo: 'gone' });
    control.deleteEntity('gone');
    await client.createSender('events').sendMessages({ body: 1 });
    const receiver = client.createReceiver('events', 'sub', {
      subQueueType: 'transferDeadLetter',
    });
    const message = await receiveOne(receiver);
    expect(message.deadLetterReason).toBe('MessagingEntityNotFoundException');
    await receiver.completeMessage(message);
    expect(control.counts('events/Subscriptions/sub').transferDeadLetters).toBe(0);
  });

  test('should keep what its target has no room for', async () => {
    const { client, control } = fixture();
    control.createQueue('small', { maxSizeInMegabytes: 1 });
    control.createQueue('source', { forwardTo: 'small' });
    const sender = client.createSender('source');
    const body = Buffer.alloc(200_000);
    for (let sent = 0; sent < 6; sent++) await sender.sendMessages({ body });
    expect(control.counts('small').active).toBe(5);
    expect(control.messages('source/$Transfer/$DeadLetterQueue')).toMatchObject([
      { applicationProperties: { DeadLetterReason: 'QuotaExceededException' } },
    ]);
  });

  test('should keep what its disabled target does not take', async () => {
    const { admin, client, control } = fixture();
    control.createQueue('target');
    control.createQueue('source', { forwardTo: 'target' });
    await admin.updateQueue({ ...(await admin.getQueue('target')), status: 'SendDisabled' });
    await client.createSender('source').sendMessages({ body: 1 });
    expect(control.counts('source').transferDeadLetters).toBe(1);
  });

  test('should stop after four hops', async () => {
    const { client, control } = fixture();
    control.createQueue('q6');
    for (const hop of [5, 4, 3, 2, 1]) {
      control.createQueue(`q${hop}`, { forwardTo: `q${hop + 1}` });
    }
    await client.createSender('q2').sendMessages({ body: 'four hops' });
    await client.createSender('q1').sendMessages({ body: 'five hops' });
    expect(control.messages('q6').map(({ body }) => String(body))).toEqual(['"four hops"']);
    expect(control.messages('q5/$Transfer/$DeadLetterQueue')).toMatchObject([
      { applicationProperties: { DeadLetterReason: 'MaxTransferHopCountExceeded' } },
    ]);
  });

  test('should end a circle of dead letters after four hops, too', async () => {
    const { admin, client, control } = fixture();
    const settings = { deadLetteringOnExpiration: true, defaultTimeToLive: 1_000 };
    control.createQueue('a', settings);
    control.createQueue('b', { ...settings, forwardDeadLetteredTo: 'a' });
    await admin.updateQueue({ ...(await admin.getQueue('a')), forwardDeadLetteredMessagesTo: 'b' });
    await client.createSender('a').sendMessages({ body: 1 });
    control.advanceClock(3_600_000);
    expect(control.counts('a')).toMatchObject({ active: 0, deadLetters: 1 });
    expect(control.counts('b')).toMatchObject({ active: 0, deadLetters: 0 });
  });

  test('should refuse to forward to nowhere or to itself', async () => {
    const { admin } = fixture();
    expect(await codeOf(admin.createQueue('a', { forwardTo: 'none' }))).toBe('ServiceError');
    await admin.createQueue('b');
    const b = await admin.getQueue('b');
    expect(await codeOf(admin.updateQueue({ ...b, forwardTo: 'b' }))).toBe('ServiceError');
  });
});
