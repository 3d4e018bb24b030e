import { describe, expect, test } from 'vitest';
import { codeOf, receiveOne, useEmulator } from './support/fixture.ts';

const fixture = useEmulator();

describe('administration', () => {
  test('should create, read, change and delete queues', async () => {
    const { admin } = fixture();
    const created = await admin.createQueue('orders', {
      lockDuration: 'PT45S',
      maxDeliveryCount: 7,
      defaultMessageTimeToLive: 'P1DT2H3M4S',
      deadLetteringOnMessageExpiration: true,
      requiresDuplicateDetection: true,
      duplicateDetectionHistoryTimeWindow: 'PT1M',
      userMetadata: 'of <sales> & "co"',
    });
    expect(created).toMatchObject({
      name: 'orders',
      lockDuration: 'PT45S',
      maxDeliveryCount: 7,
      defaultMessageTimeToLive: 'P1DT2H3M4S',
      deadLetteringOnMessageExpiration: true,
      requiresDuplicateDetection: true,
      duplicateDetectionHistoryTimeWindow: 'PT1M',
      userMetadata: 'of <sales> & "co"',
      status: 'Active',
      requiresSession: false,
      autoDeleteOnIdle: 'P10675199DT2H48M5.4775807S',
    });
    const updated = await admin.updateQueue({ ...created, maxDeliveryCount: 3 });
    expect(updated.maxDeliveryCount).toBe(3);
    expect(await admin.getQueue('orders')).toMatchObject({ maxDeliveryCount: 3 });
    expect(await admin.queueExists('orders')).toBe(true);
    await admin.deleteQueue('orders');
    expect(await admin.queueExists('orders')).toBe(false);
  });

  test('should create, read, change and delete topics, subscriptions and rules', async () => {
    const { admin } = fixture();
    await admin.createQueue('target');
    await admin.createTopic('events', { requiresDuplicateDetection: true });
    const subscription = await admin.createSubscription('events', 'sub', {
      maxDeliveryCount: 4,
      forwardTo: 'target',
    });
    expect(subscription).toMatchObject({ topicName: 'events', subscriptionName: 'sub' });
    expect(subscription.forwardTo).toMatch(/^sb:\/\/127\.0\.0\.1:\d+\/target$/);
    const { forwardTo: _, ...rest } = subscription;
    const updated = await admin.updateSubscription(rest);
    expect(updated.forwardTo).toBeUndefined();
    expect((await admin.getRule('events', 'sub', '$Default')).filter).toEqual({
      sqlExpression: '1=1',
      sqlParameters: undefined,
    });
    const at = new Date(1_700_000_000_000);
    const filter = { subject: 'a', applicationProperties: { text: 'é<', n: 1.5, yes: false, at } };
    await admin.createRule('events', 'sub', 'rule', filter);
    const rule = await admin.getRule('events', 'sub', 'rule');
    expect(rule.filter).toMatchObject(filter);
    await admin.updateRule('events', 'sub', { ...rule, filter: { sqlExpression: 'n = 2' } });
    expect((await admin.getRule('events', 'sub', 'rule')).filter).toMatchObject({
      sqlExpression: 'n = 2',
    });
    await admin.deleteRule('events', 'sub', 'rule');
    expect(await admin.ruleExists('events', 'sub', 'rule')).toBe(false);
    await admin.deleteSubscription('events', 'sub');
    expect(await admin.subscriptionExists('events', 'sub')).toBe(false);
    await admin.deleteTopic('events');
    expect(await admin.topicExists('events')).toBe(false);
  });

  test('should list everything, page by page', async () => {
    const { admin, control } = fixture();
    const names = Array.from({ length: 7 }, (_, index) => `q${index}`);
    for (const name of names) control.createQueue(name);
    const sizes: number[] = [];
    const found: string[] = [];
    for await (const page of admin.listQueues().byPage({ maxPageSize: 3 })) {
      sizes.push(page.length);
      found.push(...page.map(({ name }) => name));
    }
    expect(sizes).toEqual([3, 3, 1]);
    expect(found).toEqual(names);
    control.createTopic('events');
    for (const name of ['b', 'a']) control.createSubscription('events', name);
    const subscriptions: string[] = [];
    for await (const { subscriptionName } of admin.listSubscriptions('events')) {
      subscriptions.push(subscriptionName);
    }
    expect(subscriptions).toEqual(['a', 'b']);
    const rules: string[] = [];
    for await (const { name } of admin.listRules('events', 'a')) rules.push(name);
    expect(rules).toEqual(['$Default']);
    const topics: string[] = [];
    for await (const { name } of admin.listTopics()) topics.push(name);
    expect(topics).toEqual(['events']);
  });

  test('should count messages by what they wait for', async () => {
    const { admin, client, control } = fixture();
    control.createQueue('orders');
    const sender = client.createSender('orders');
    await sender.sendMessages([{ body: 1 }, { body: 2 }]);
    await sender.scheduleMessages({ body: 3 }, new Date(Date.now() + 60_000));
    const receiver = client.createReceiver('orders');
    await receiver.deadLetterMessage(await receiveOne(receiver));
    expect(await admin.getQueueRuntimeProperties('orders')).toMatchObject({
      activeMessageCount: 1,
      deadLetterMessageCount: 1,
      scheduledMessageCount: 1,
      transferDeadLetterMessageCount: 0,
      totalMessageCount: 3,
    });
    control.createTopic('events');
    control.createSubscription('events', 'sub');
    await client.createSender('events').sendMessages({ body: 1 });
    expect(await admin.getSubscriptionRuntimeProperties('events', 'sub')).toMatchObject({
      activeMessageCount: 1,
      totalMessageCount: 1,
    });
    expect(await admin.getTopicRuntimeProperties('events')).toMatchObject({ subscriptionCount: 1 });
  });

  test('should say what is missing, and what is there already', async () => {
    const { admin, control } = fixture();
    control.createQueue('orders');
    const missing = 'MessageEntityNotFoundError';
    expect(await codeOf(admin.getQueue('none'))).toBe(missing);
    expect(await codeOf(admin.deleteQueue('none'))).toBe(missing);
    expect(await codeOf(admin.createSubscription('none', 'sub'))).toBe(missing);
    expect(await codeOf(admin.createRule('none', 'sub', 'rule', { subject: 'a' }))).toBe(missing);
    expect(await codeOf(admin.createQueue('ORDERS'))).toBe('MessageEntityAlreadyExistsError');
    expect(await codeOf(admin.createTopic('orders'))).toBe('MessageEntityAlreadyExistsError');
  });

  test('should refuse to change what is fixed once a queue exists', async () => {
    const { admin } = fixture();
    const queue = await admin.createQueue('orders');
    const change = (name: 'requiresSession' | 'requiresDuplicateDetection') =>
      // The SDK declares these as fixed, and sends them all the same.
      admin.updateQueue({ ...queue, [name]: true });
    expect(await codeOf(change('requiresSession'))).toBe('ServiceError');
    expect(await codeOf(change('requiresDuplicateDetection'))).toBe('ServiceError');
  });

  test('should disable and enable a queue, whose links are detached', async () => {
    const { admin, client, control } = fixture();
    const queue = await admin.createQueue('orders');
    const sender = client.createSender('orders');
    await sender.sendMessages({ body: 1 });
    const told = Promise.withResolvers<Error>();
    const received = Promise.withResolvers<void>();
    const receiver = client.createReceiver('orders');
    receiver.subscribe({
      processMessage: async () => {
        received.resolve();
      },
      processError: async ({ error }) => {
        told.resolve(error);
      },
    });
    await received.promise;
    await control.until(() => control.counts('orders').active === 0);
    await admin.updateQueue({ ...queue, status: 'Disabled' });
    expect(await told.promise).toMatchObject({ code: 'MessagingEntityDisabled' });
    expect(await codeOf(sender.sendMessages({ body: 2 }))).toBe('MessagingEntityDisabled');
    await receiver.close();
    await admin.updateQueue({ ...queue, status: 'Active' });
    await sender.sendMessages({ body: 3 });
    expect((await receiveOne(client.createReceiver('orders'))).body).toBe(3);
  });

  test('should change and disable a topic', async () => {
    const { admin, client, control } = fixture();
    const topic = await admin.createTopic('events');
    control.createSubscription('events', 'sub');
    const sender = client.createSender('events');
    await sender.sendMessages({ body: 1 });
    const changed = await admin.updateTopic({ ...topic, status: 'SendDisabled' });
    expect(changed.status).toBe('SendDisabled');
    // By the time that this has come, the client knows that its sender was detached.
    expect((await receiveOne(client.createReceiver('events', 'sub'))).body).toBe(1);
    expect(await codeOf(sender.sendMessages({ body: 2 }))).toBe('MessagingEntityDisabled');
  });

  test('should detach the links of an entity that is deleted', async () => {
    const { admin, client, control } = fixture();
    control.createQueue('orders');
    const sender = client.createSender('orders');
    await sender.sendMessages({ body: 1 });
    const told = Promise.withResolvers<Error>();
    const received = Promise.withResolvers<void>();
    const receiver = client.createReceiver('orders');
    receiver.subscribe({
      processMessage: async () => {
        received.resolve();
      },
      processError: async ({ error }) => {
        told.resolve(error);
      },
    });
    await received.promise;
    await admin.deleteQueue('orders');
    expect(await told.promise).toMatchObject({ code: 'MessagingEntityNotFound' });
    expect(await codeOf(sender.sendMessages({ body: 2 }))).toBe('MessagingEntityNotFound');
    await receiver.close();
  });
});
