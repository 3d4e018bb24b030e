import { describe, expect, test } from 'vitest';
import { codeOf, receiveOne, useEmulator } from './support/fixture.ts';

const fixture = useEmulator();

describe('sending and receiving', () => {
  test('should carry every property of a message and its body unchanged', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    const at = new Date(1_700_000_000_000);
    await client.createSender('orders').sendMessages({
      body: Buffer.from([0, 1, 254, 255]),
      messageId: 'id-1',
      correlationId: 'correlation',
      subject: 'subject',
      to: 'to',
      replyTo: 'reply-to',
      replyToSessionId: 'reply-session',
      contentType: 'application/octet-stream',
      partitionKey: 'key',
      timeToLive: 60_000,
      applicationProperties: { text: 'Grüße', yes: true, one: 1, minus: -7, half: 0.5, at },
    });
    const receiver = client.createReceiver('orders', {
      skipParsingBodyAsJson: true,
      skipConvertingDate: true,
    });
    const message = await receiveOne(receiver);
    expect(message).toMatchObject({
      messageId: 'id-1',
      correlationId: 'correlation',
      subject: 'subject',
      to: 'to',
      replyTo: 'reply-to',
      replyToSessionId: 'reply-session',
      contentType: 'application/octet-stream',
      partitionKey: 'key',
      timeToLive: 60_000,
      state: 'active',
      deliveryCount: 0,
      applicationProperties: { text: 'Grüße', yes: true, one: 1, minus: -7, half: 0.5, at },
    });
    expect(Buffer.from(message.body as Uint8Array)).toEqual(Buffer.from([0, 1, 254, 255]));
    expect(message.sequenceNumber?.toNumber()).toBe(1);
    await receiver.completeMessage(message);
    expect(control.messages('orders')).toEqual([]);
  });

  test('should give a message an id when its sender gave none', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    await client.createSender('orders').sendMessages({ body: 'x' });
    expect(control.messages('orders')[0]?.messageId).toMatch(/^[0-9a-f]{32}$/);
  });

  test('should take a batch as a whole and keep its order', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    const sender = client.createSender('orders');
    const batch = await sender.createMessageBatch();
    expect(batch.maxSizeInBytes).toBe(262_144);
    for (const body of ['a', 'b', 'c']) expect(batch.tryAddMessage({ body })).toBe(true);
    await sender.sendMessages(batch);
    await sender.sendMessages([{ body: 'd' }, { body: 'e' }]);
    expect(control.messages('orders').map(({ body }) => String(body))).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map((body) => JSON.stringify(body)),
    );
  });

  test('should hand out messages to a subscriber with several calls at once', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    const sender = client.createSender('orders');
    const receiver = client.createReceiver('orders');
    const all = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    const started: number[] = [];
    let completed = 0;
    receiver.subscribe(
      {
        processMessage: async (message) => {
          started.push(message.body as number);
          if (started.length === 4) all.resolve();
          await all.promise;
          await receiver.completeMessage(message);
          if (++completed === 4) done.resolve();
        },
        processError: async ({ error }) => {
          done.reject(error);
        },
      },
      { maxConcurrentCalls: 4, autoCompleteMessages: false },
    );
    await sender.sendMessages([1, 2, 3, 4].map((body) => ({ body })));
    await done.promise;
    expect(started).toEqual([1, 2, 3, 4]);
    expect(control.counts('orders').active).toBe(0);
  });

  test('should share messages out among competing receivers', async () => {
    const { client, connect, control } = fixture();
    control.createQueue('orders');
    const receivers = [client, connect()].map((each) => each.createReceiver('orders'));
    const waiting = receivers.map((receiver) => receiveOne(receiver));
    await client.createSender('orders').sendMessages([{ body: 1 }, { body: 2 }]);
    const bodies = (await Promise.all(waiting)).map(({ body }) => body as number);
    expect(new Set(bodies)).toEqual(new Set([1, 2]));
  });

  test('should forget a message on delivery in the mode receiveAndDelete', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    await client.createSender('orders').sendMessages([{ body: 1 }, { body: 2 }]);
    const receiver = client.createReceiver('orders', { receiveMode: 'receiveAndDelete' });
    expect((await receiver.receiveMessages(2)).map(({ body }) => body as number)).toEqual([1, 2]);
    expect(control.messages('orders')).toEqual([]);
  });

  test('should answer an empty receive as soon as its time is over', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    const receiver = client.createReceiver('orders');
    expect(await receiver.receiveMessages(5, { maxWaitTimeInMs: 20 })).toEqual([]);
    await client.createSender('orders').sendMessages({ body: 1 });
    expect(await receiver.receiveMessages(5)).toHaveLength(1);
  });

  test('should say that an entity is missing, to senders, receivers and subscribers', async () => {
    const { client } = fixture();
    const missing = 'MessagingEntityNotFound';
    expect(await codeOf(client.createSender('none').sendMessages({ body: 1 }))).toBe(missing);
    expect(await codeOf(client.createReceiver('none').receiveMessages(1))).toBe(missing);
    expect(await codeOf(client.createReceiver('none', 'sub').receiveMessages(1))).toBe(missing);
    const told = Promise.withResolvers<Error>();
    client.createReceiver('none').subscribe({
      processMessage: async () => {},
      processError: async ({ error }) => {
        told.resolve(error);
      },
    });
    expect(await told.promise).toMatchObject({ code: missing });
  });

  test('should find names whatever their case', async () => {
    const { client, control } = fixture();
    control.createQueue('Orders/Eu');
    await client.createSender('orders/EU').sendMessages({ body: 1 });
    expect((await receiveOne(client.createReceiver('ORDERS/eu'))).body).toBe(1);
  });

  test('should deliver thousands of messages on one link', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    const sender = client.createSender('orders');
    const count = 3_000;
    for (let sent = 0; sent < count; sent += 500) {
      await sender.sendMessages(
        Array.from({ length: 500 }, (_, index) => ({ body: sent + index })),
      );
    }
    const done = Promise.withResolvers<void>();
    let received = 0;
    const receiver = client.createReceiver('orders');
    receiver.subscribe(
      {
        processMessage: async (message) => {
          await receiver.completeMessage(message);
          if (++received === count) done.resolve();
        },
        processError: async ({ error }) => {
          done.reject(error);
        },
      },
      { maxConcurrentCalls: 50, autoCompleteMessages: false },
    );
    await done.promise;
    expect(control.counts('orders').active).toBe(0);
  });
});
