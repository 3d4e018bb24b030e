import { describe, expect, test } from 'vitest';
import { codeOf, receiveOne, useEmulator } from './support/fixture.ts';

const fixture = useEmulator();

describe('planned faults', () => {
  test('should fail the next sends, and no more', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    const sender = client.createSender('orders');
    control.failNext({ operation: 'send', times: 2, condition: 'com.microsoft:server-busy' });
    expect(control.pendingFaults).toBe(2);
    const codes = [];
    for (const body of [1, 2, 3]) codes.push(await codeOf(sender.sendMessages({ body })));
    expect(codes).toEqual(['ServiceBusy', 'ServiceBusy', undefined]);
    expect(control.messages('orders').map(({ body }) => Number(body))).toEqual([3]);
  });

  test('should let the SDK succeed by itself after a fault that it may repeat', async () => {
    const { connect, control } = fixture();
    control.createQueue('orders');
    const client = connect({ retryOptions: { maxRetries: 2, retryDelayInMs: 1 } });
    control.failNext({ operation: 'send', times: 2 });
    await client.createSender('orders').sendMessages({ body: 1 });
    expect(control.counts('orders').active).toBe(1);
    expect(control.pendingFaults).toBe(0);
  });

  test('should keep to one entity', async () => {
    const { client, control } = fixture();
    for (const name of ['a', 'b']) control.createQueue(name);
    control.failNext({ operation: 'send', entity: 'b', condition: 'amqp:internal-error' });
    expect(await codeOf(client.createSender('a').sendMessages({ body: 1 }))).toBeUndefined();
    expect(await codeOf(client.createSender('b').sendMessages({ body: 1 }))).toBeDefined();
    control.failNext({ operation: 'send', entity: 'b' });
    control.clearFaults();
    expect(await codeOf(client.createSender('b').sendMessages({ body: 1 }))).toBeUndefined();
  });

  test('should do what was asked and lose the answer with the connection', async () => {
    const { connect, control } = fixture();
    control.createQueue('orders');
    // Of a lost connection the SDK tells only those who begin after it, the others wait for their time-out.
    const client = connect({
      retryOptions: { maxRetries: 1, retryDelayInMs: 1, timeoutInMs: 300 },
    });
    control.failNext({ operation: 'send', afterwards: true, dropConnection: true });
    await client.createSender('orders').sendMessages({ body: 1, messageId: 'm' });
    // Sent twice, as the client could not know.
    expect(control.messages('orders').map(({ messageId }) => messageId)).toEqual(['m', 'm']);
  });

  test('should do what was asked and say that it failed', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    control.failNext({ operation: 'send', afterwards: true });
    expect(await codeOf(client.createSender('orders').sendMessages({ body: 1 }))).toBe(
      'ServiceBusy',
    );
    expect(control.counts('orders').active).toBe(1);
  });

  test('should fail settling, managing, attaching, authorizing and administering', async () => {
    const { admin, client, connect, control } = fixture();
    control.createQueue('orders');
    await client.createSender('orders').sendMessages({ body: 1 });
    const receiver = client.createReceiver('orders');
    const message = await receiveOne(receiver);
    control.failNext({ operation: 'settle', condition: 'com.microsoft:message-lock-lost' });
    expect(await codeOf(receiver.completeMessage(message))).toBe('MessageLockLost');
    expect(control.counts('orders').locked).toBe(1);
    control.failNext({ operation: 'manage', condition: 'com.microsoft:server-busy' });
    expect(await codeOf(receiver.peekMessages(1))).toBe('ServiceBusy');
    control.failNext({ operation: 'attach', condition: 'com.microsoft:server-busy' });
    expect(await codeOf(connect().createReceiver('orders').receiveMessages(1))).toBe('ServiceBusy');
    control.failNext({
      operation: 'authorize',
      status: 401,
      condition: 'amqp:unauthorized-access',
    });
    expect(await codeOf(connect().createSender('orders').sendMessages({ body: 1 }))).toBe(
      'UnauthorizedAccess',
    );
    control.failNext({ operation: 'administer' });
    expect(await codeOf(admin.getQueue('orders'))).toBe('ServerBusyError');
    expect(control.pendingFaults).toBe(0);
  });
});

describe('breaking connections', () => {
  test('should drop connections, from which the SDK recovers', async () => {
    const { connect, control } = fixture();
    control.createQueue('orders');
    const client = connect({ retryOptions: { maxRetries: 3, retryDelayInMs: 1 } });
    const sender = client.createSender('orders');
    const received: unknown[] = [];
    const arrived = Promise.withResolvers<void>();
    client.createReceiver('orders').subscribe(
      {
        processMessage: async ({ body }) => {
          received.push(body);
          arrived.resolve();
        },
        processError: async () => {},
      },
      { maxConcurrentCalls: 8 },
    );
    await sender.sendMessages({ body: 1 });
    await arrived.promise;
    await control.until(() => control.counts('orders').active === 0);
    expect(control.dropConnections()).toBe(1);
    await control.until(() => control.connections === 0);
    await control.until(() => control.connections === 1);
    const more = [2, 3, 4, 5, 6, 7, 8, 9];
    for (const body of more) await sender.sendMessages({ body });
    // None goes to the link that is gone, where it would be locked.
    await control.until(() => control.counts('orders').active === 0);
    expect(received).toEqual([1, ...more]);
  });

  test('should detach links with a reason that the client is told', async () => {
    const { connect, control } = fixture();
    for (const name of ['a', 'b']) control.createQueue(name);
    const client = connect({ retryOptions: { maxRetries: 3, retryDelayInMs: 1 } });
    const told = Promise.withResolvers<Error>();
    const arrived = Promise.withResolvers<void>();
    const sender = client.createSender('a');
    await sender.sendMessages({ body: 1 });
    client.createReceiver('a').subscribe({
      processMessage: async ({ body }) => {
        if (body === 2) arrived.resolve();
      },
      processError: async ({ error }) => {
        told.resolve(error);
      },
    });
    await control.until(() => control.counts('a').active === 0);
    expect(control.detachLinks('b')).toBe(0);
    expect(control.detachLinks('a', { description: 'By a test.' })).toBe(2);
    expect(String(await told.promise)).toContain('By a test.');
    await sender.sendMessages({ body: 2 });
    await arrived.promise;
  });
});

describe('looking inside', () => {
  test('should show a message with all that is known of it', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    await client.createSender('orders').sendMessages({
      body: Buffer.from('text'),
      messageId: 'm',
      subject: 's',
      correlationId: 'c',
      timeToLive: 60_000,
      applicationProperties: { n: 1 },
    });
    await receiveOne(client.createReceiver('orders'));
    const [message] = control.messages('orders');
    expect(message).toMatchObject({
      sequenceNumber: 1,
      messageId: 'm',
      subject: 's',
      correlationId: 'c',
      sessionId: undefined,
      state: 'active',
      deliveryCount: 0,
      applicationProperties: { n: 1 },
      body: Buffer.from('text'),
    });
    expect(message!.lockedUntil!.getTime()).toBeGreaterThan(control.now().getTime());
    expect(message!.expiresAt!.getTime()).toBe(message!.enqueuedAt.getTime() + 60_000);
  });

  test('should put a message in once more', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    await client.createSender('orders').sendMessages({ body: 1, messageId: 'm' });
    control.duplicateMessage('orders', 1);
    const messages = await client.createReceiver('orders').receiveMessages(2);
    expect(messages.map(({ messageId }) => messageId)).toEqual(['m', 'm']);
  });

  test('should forget everything on a reset', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    control.createTopic('events');
    control.createSubscription('events', 'sub');
    control.failNext({ operation: 'send' });
    control.reset();
    expect(control.entities()).toEqual([]);
    expect(control.pendingFaults).toBe(0);
    expect(await codeOf(client.createSender('orders').sendMessages({ body: 1 }))).toBe(
      'MessagingEntityNotFound',
    );
  });

  test('should say what an address is not', () => {
    const { control } = fixture();
    control.createTopic('events');
    expect(() => control.messages('none')).toThrow("'none' could not be found");
    expect(() => control.counts('events')).toThrow("'events' is a topic");
    expect(() => {
      control.advanceClock(-1);
    }).toThrow(RangeError);
    expect(() => {
      control.duplicateMessage('none', 1);
    }).toThrow('could not be found');
  });

  test('should reject a wait for what does not come', async () => {
    const { control } = fixture();
    await expect(control.until(() => false, { timeoutMs: 1 })).rejects.toThrow('Within 1 ms');
  });
});
