import { describe, expect, test } from 'vitest';
import { codeOf, receiveOne, useEmulator } from './support/fixture.ts';

describe('limits', () => {
  const fixture = useEmulator();

  test('should refuse a message that is too large, and go on with the link', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    const sender = client.createSender('orders');
    const codes = await Promise.all([
      codeOf(sender.sendMessages({ body: Buffer.alloc(1_000) })),
      codeOf(sender.sendMessages({ body: Buffer.alloc(300_000) })),
      codeOf(sender.sendMessages({ body: Buffer.alloc(5_000_000) })),
      codeOf(sender.sendMessages({ body: Buffer.alloc(261_000) })),
    ]);
    expect(codes).toEqual([undefined, 'MessageSizeExceeded', 'MessageSizeExceeded', undefined]);
    expect(control.messages('orders').map(({ body }) => body.length)).toEqual([1_000, 261_000]);
  });

  test.each([
    ['a message id', { messageId: 'x'.repeat(129) }],
    ['a session id', { sessionId: 'x'.repeat(129) }],
    ['a partition key', { partitionKey: 'x'.repeat(129) }],
    ['a property', { applicationProperties: { text: 'x'.repeat(33_000) } }],
  ])('should refuse %s that is too long', async (_what, properties) => {
    const { client, control } = fixture();
    control.createQueue('orders');
    const send = client.createSender('orders').sendMessages({ body: 1, ...properties });
    // The SDK itself refuses some of these.
    expect(await codeOf(send)).toBeDefined();
    expect(control.messages('orders')).toEqual([]);
  });

  test('should refuse a header of more than 64 KB', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    const text = 'x'.repeat(30_000);
    const applicationProperties = { a: text, b: text, c: text };
    const sender = client.createSender('orders');
    expect(await codeOf(sender.sendMessages({ body: 1, applicationProperties }))).toBe(
      'MessageSizeExceeded',
    );
  });

  test('should refuse a session id that differs from the partition key', async () => {
    const { client, control } = fixture();
    control.createQueue('orders', { requiresSession: true });
    const sender = client.createSender('orders');
    const message = { body: 1, sessionId: 'a', partitionKey: 'b' };
    expect(await codeOf(sender.sendMessages(message))).toBeDefined();
    expect(control.messages('orders')).toEqual([]);
  });

  test('should take nothing of a batch in which one message is refused', async () => {
    const { client, control } = fixture();
    control.createQueue('orders', { requiresSession: true });
    const sender = client.createSender('orders');
    const messages = [{ body: 1, sessionId: 'a' }, { body: 2 }];
    expect(await codeOf(sender.sendMessages(messages))).toBe('GeneralError');
    expect(control.messages('orders')).toEqual([]);
  });

  test('should refuse what an entity has no room for, until it has', async () => {
    const { client, control } = fixture();
    control.createQueue('orders', { maxSizeInMegabytes: 1 });
    const sender = client.createSender('orders');
    const body = Buffer.alloc(200_000);
    for (let sent = 0; sent < 5; sent++) await sender.sendMessages({ body });
    expect(await codeOf(sender.sendMessages({ body }))).toBe('QuotaExceeded');
    const receiver = client.createReceiver('orders');
    await receiver.completeMessage(await receiveOne(receiver));
    expect(await codeOf(sender.sendMessages({ body }))).toBeUndefined();
  });

  test.each([
    ['queue', 'bad name!'],
    ['queue', '/slash'],
    ['queue', 'x'.repeat(261)],
    ['topic', '-dash'],
    ['subscription', 'x'.repeat(51)],
    ['subscription', 'a/b'],
    ['rule', 'x'.repeat(51)],
  ])('should refuse the %s name "%s"', async (kind, name) => {
    const { admin, control } = fixture();
    control.createTopic('events');
    control.createSubscription('events', 'sub');
    const create = {
      queue: () => admin.createQueue(name),
      topic: () => admin.createTopic(name),
      subscription: () => admin.createSubscription('events', name),
      rule: () => admin.createRule('events', 'sub', name, { subject: 'a' }),
    }[kind]!;
    expect(await codeOf(create())).toBeDefined();
    expect(control.entities()).toEqual(['events', 'events/Subscriptions/sub']);
  });

  test.each([
    ['a lock of more than five minutes', { lockDuration: 'PT5M1S' }],
    ['a delivery count of 0', { maxDeliveryCount: 0 }],
    ['a delivery count above 2000', { maxDeliveryCount: 2_001 }],
    ['a duration that is none', { lockDuration: 'five minutes' }],
    ['a window of more than a week', { duplicateDetectionHistoryTimeWindow: 'P8D' }],
    ['a size of 0', { maxSizeInMegabytes: 0 }],
    ['the message size of premium', { maxMessageSizeInKilobytes: 2_048 }],
    ['forwarding with sessions', { requiresSession: true, forwardTo: 'other' }],
  ])('should refuse a queue with %s', async (_what, options) => {
    const { admin, control } = fixture();
    control.createQueue('other');
    expect(await codeOf(admin.createQueue('orders', options))).toBe('ServiceError');
    expect(control.entities()).toEqual(['other']);
  });

  test('should allow locks shorter than the service does, for tests', async () => {
    const { admin } = fixture();
    expect((await admin.createQueue('orders', { lockDuration: 'PT1S' })).lockDuration).toBe('PT1S');
  });

  test.each([
    'n >',
    'other.n = 1',
    'sys.Nothing = 1',
    '(n = 1',
    'n = 1 1',
    `n = '${'x'.repeat(1_100)}'`,
  ])('should refuse the filter %s', async (sqlExpression) => {
    const { admin, control } = fixture();
    control.createTopic('events');
    const defaultRuleOptions = { name: 'rule', filter: { sqlExpression } };
    expect(await codeOf(admin.createSubscription('events', 'sub', { defaultRuleOptions }))).toBe(
      'ServiceError',
    );
    expect(control.entities()).toEqual(['events']);
  });

  test('should refuse state of a session that is too large', async () => {
    const { client, control } = fixture();
    control.createQueue('orders', { requiresSession: true });
    const receiver = await client.acceptSession('orders', 'a');
    const state = Buffer.alloc(256 * 1024 + 1);
    expect(await codeOf(receiver.setSessionState(state))).toBe('MessageSizeExceeded');
  });
});

describe('limits of the premium tier', () => {
  const fixture = useEmulator({ tier: 'premium' });

  test('should take large messages where the queue does, and no larger batches', async () => {
    const { admin, client, control } = fixture();
    await admin.createQueue('orders', { maxMessageSizeInKilobytes: 10_240 });
    const sender = client.createSender('orders');
    expect(await codeOf(sender.sendMessages({ body: Buffer.alloc(9_000_000) }))).toBeUndefined();
    const message = await receiveOne(client.createReceiver('orders'));
    expect((message.body as Buffer).length).toBe(9_000_000);
    control.createQueue('plain');
    const plain = client.createSender('plain');
    expect(await codeOf(plain.sendMessages({ body: Buffer.alloc(1_100_000) }))).toBe(
      'MessageSizeExceeded',
    );
    expect((await admin.getNamespaceProperties()).messagingSku).toBe('Premium');
  });
});

describe('limits of the emulator', () => {
  const fixture = useEmulator({ maxMemoryInMegabytes: 1 });

  test('should hold no more than it was allowed to, in all entities together', async () => {
    const { client, control } = fixture();
    const body = Buffer.alloc(200_000);
    const codes = [];
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      control.createQueue(name);
      codes.push(await codeOf(client.createSender(name).sendMessages({ body })));
    }
    expect(codes).toEqual([...Array.from({ length: 5 }, () => undefined), 'QuotaExceeded']);
    control.deleteEntity('a');
    expect(await codeOf(client.createSender('f').sendMessages({ body }))).toBeUndefined();
  });
});
