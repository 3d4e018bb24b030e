import { describe, expect, test } from 'vitest';
import type { ServiceBusReceiver } from '@azure/service-bus';
import type { EmulatorControl } from '../src/index.ts';
import { codeOf, receiveOne, useEmulator } from './support/fixture.ts';

const fixture = useEmulator();

describe('settling', () => {
  test('should bring an abandoned message back in its place, with changed properties', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    await client
      .createSender('orders')
      .sendMessages([{ body: 1, applicationProperties: { kept: 'yes' } }, { body: 2 }]);
    const receiver = client.createReceiver('orders');
    await receiver.abandonMessage(await receiveOne(receiver), { attempt: 'one' });
    const again = await receiveOne(receiver);
    expect(again.body).toBe(1);
    expect(again.deliveryCount).toBe(1);
    expect(again.applicationProperties).toEqual({ kept: 'yes', attempt: 'one' });
  });

  test('should dead-letter with reason, description and properties', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    await client.createSender('orders').sendMessages({ body: 'bad' });
    const receiver = client.createReceiver('orders');
    await receiver.deadLetterMessage(await receiveOne(receiver), {
      deadLetterReason: 'Invalid',
      deadLetterErrorDescription: 'It has no total.',
      code: '42',
    });
    const deadLetters = client.createReceiver('orders', { subQueueType: 'deadLetter' });
    const message = await receiveOne(deadLetters);
    expect(message).toMatchObject({
      body: 'bad',
      deadLetterReason: 'Invalid',
      deadLetterErrorDescription: 'It has no total.',
      applicationProperties: { code: '42' },
    });
    await deadLetters.completeMessage(message);
    expect(control.counts('orders')).toMatchObject({ active: 0, deadLetters: 0 });
  });

  test('should dead-letter a message after its last delivery', async () => {
    const { client, control } = fixture();
    control.createQueue('orders', { maxDeliveryCount: 2 });
    await client.createSender('orders').sendMessages({ body: 1 });
    const receiver = client.createReceiver('orders');
    for (const deliveryCount of [0, 1]) {
      const message = await receiveOne(receiver);
      expect(message.deliveryCount).toBe(deliveryCount);
      await receiver.abandonMessage(message);
    }
    const deadLetters = client.createReceiver('orders', { subQueueType: 'deadLetter' });
    expect((await receiveOne(deadLetters)).deadLetterReason).toBe('MaxDeliveryCountExceeded');
  });

  test('should keep a deferred message until it is asked for by its number', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    await client.createSender('orders').sendMessages({ body: 1 });
    const receiver = client.createReceiver('orders');
    const message = await receiveOne(receiver);
    await receiver.deferMessage(message);
    expect(control.counts('orders')).toMatchObject({ active: 0, deferred: 1 });
    const [deferred] = await receiver.receiveDeferredMessages(message.sequenceNumber!);
    expect(deferred?.state).toBe('deferred');
    await receiver.completeMessage(deferred!);
    expect(control.messages('orders')).toEqual([]);
    expect(await codeOf(receiver.receiveDeferredMessages(message.sequenceNumber!))).toBe(
      'MessageNotFound',
    );
  });

  test('should let an abandoned deferred message stay deferred', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    await client.createSender('orders').sendMessages({ body: 1 });
    const receiver = client.createReceiver('orders');
    const message = await receiveOne(receiver);
    await receiver.deferMessage(message);
    const [deferred] = await receiver.receiveDeferredMessages(message.sequenceNumber!);
    await receiver.abandonMessage(deferred!, { tried: 'yes' });
    expect(control.messages('orders')).toMatchObject([
      { state: 'deferred', deliveryCount: 1, applicationProperties: { tried: 'yes' } },
    ]);
  });

  test('should settle through the management link when the receiver is gone', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    await client.createSender('orders').sendMessages([{ body: 1 }, { body: 2 }, { body: 3 }]);
    const first = client.createReceiver('orders');
    const [one, two, three] = await first.receiveMessages(3);
    await first.close();
    const second = client.createReceiver('orders');
    await second.completeMessage(one!);
    await second.abandonMessage(two!, { by: 'management' });
    await second.deadLetterMessage(three!, {
      deadLetterReason: 'Late',
      deadLetterErrorDescription: 'It is.',
    });
    expect(control.messages('orders')).toMatchObject([
      { sequenceNumber: 2, deliveryCount: 1, applicationProperties: { by: 'management' } },
    ]);
    expect(control.messages('orders/$DeadLetterQueue')).toMatchObject([
      { applicationProperties: { DeadLetterReason: 'Late' } },
    ]);
  });

  test('should defer through the management link, and delete what is received from there', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    await client.createSender('orders').sendMessages([{ body: 1 }, { body: 2 }]);
    const first = client.createReceiver('orders');
    const [one, two] = await first.receiveMessages(2);
    await first.close();
    const second = client.createReceiver('orders', { receiveMode: 'receiveAndDelete' });
    const settling = client.createReceiver('orders');
    await settling.deferMessage(one!, { why: 'later' });
    await settling.deferMessage(two!);
    const numbers = [one!.sequenceNumber!, two!.sequenceNumber!];
    const deferred = await second.receiveDeferredMessages(numbers);
    expect(
      deferred.map(({ body, applicationProperties }) => [body, applicationProperties]),
    ).toEqual([
      [1, { why: 'later' }],
      [2, undefined],
    ]);
    expect(control.messages('orders')).toEqual([]);
  });

  test('should not dead-letter a dead letter', async () => {
    const { client, control } = fixture();
    control.createQueue('orders', { maxDeliveryCount: 1 });
    await client.createSender('orders').sendMessages({ body: 1 });
    const receiver = client.createReceiver('orders');
    await receiver.abandonMessage(await receiveOne(receiver));
    const deadLetters = client.createReceiver('orders', { subQueueType: 'deadLetter' });
    const message = await receiveOne(deadLetters);
    expect(await codeOf(deadLetters.deadLetterMessage(message))).toBe('GeneralError');
    // However often: nothing counts there.
    await deadLetters.abandonMessage(await receiveOneAgain(deadLetters, control));
    expect(control.counts('orders').deadLetters).toBe(1);
  });

  test('should tell each of two settlements at once what became of it', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    await client.createSender('orders').sendMessages([{ body: 1 }, { body: 2 }, { body: 3 }]);
    const receiver = client.createReceiver('orders');
    const messages = await receiver.receiveMessages(3);
    control.expireLocks('orders', { sequenceNumber: 2 });
    const codes = await Promise.all(messages.map((each) => codeOf(receiver.completeMessage(each))));
    expect(codes).toEqual([undefined, 'MessageLockLost', undefined]);
    expect(control.messages('orders').map(({ sequenceNumber }) => sequenceNumber)).toEqual([2]);
  });
});

async function receiveOneAgain(receiver: ServiceBusReceiver, control: EmulatorControl) {
  control.expireLocks();
  return receiveOne(receiver);
}
