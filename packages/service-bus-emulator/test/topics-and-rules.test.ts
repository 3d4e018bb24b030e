import { describe, expect, test } from 'vitest';
import { receiveOne, useEmulator } from './support/fixture.ts';

const fixture = useEmulator();

function withTopic() {
  const all = fixture();
  all.control.createTopic('events');
  const bodies = (subscription: string) =>
    all.control
      .messages(`events/Subscriptions/${subscription}`)
      .map(({ body }) => JSON.parse(String(body)) as unknown);
  return { ...all, bodies, sender: all.client.createSender('events') };
}

describe('topics and rules', () => {
  test('should give each subscription its own copy', async () => {
    const { bodies, client, control, sender } = withTopic();
    for (const name of ['one', 'two']) control.createSubscription('events', name);
    await sender.sendMessages({ body: 'x' });
    const receiver = client.createReceiver('events', 'one');
    await receiver.abandonMessage(await receiveOne(receiver), { seen: true });
    expect(bodies('one')).toEqual(['x']);
    expect(control.messages('events/Subscriptions/two')).toMatchObject([
      { deliveryCount: 0, applicationProperties: {} },
    ]);
  });

  test('should match correlation filters by properties of both kinds', async () => {
    const { admin, bodies, sender } = withTopic();
    await admin.createSubscription('events', 'eu', {
      defaultRuleOptions: {
        name: 'eu',
        filter: {
          subject: 'placed',
          applicationProperties: { region: 'eu', size: 3, big: true },
        },
      },
    });
    const applicationProperties = { region: 'eu', size: 3, big: true };
    await sender.sendMessages([
      { body: 1, subject: 'placed', applicationProperties },
      { body: 2, subject: 'placed', applicationProperties: { ...applicationProperties, size: 4 } },
      { body: 3, subject: 'other', applicationProperties },
      { body: 4, subject: 'placed' },
    ]);
    expect(bodies('eu')).toEqual([1]);
  });

  test('should replace the default rule through the administration client', async () => {
    const { admin, bodies, sender } = withTopic();
    await admin.createSubscription('events', 'large');
    await admin.deleteRule('events', 'large', '$Default');
    await sender.sendMessages({ body: 'nobody takes it' });
    const rule = await admin.createRule('events', 'large', 'large', {
      sqlExpression: "total > @least AND region LIKE 'e_' ",
      sqlParameters: { '@least': 100 },
    });
    expect(rule.filter).toEqual({
      sqlExpression: "total > @least AND region LIKE 'e_' ",
      sqlParameters: { '@least': 100 },
    });
    await sender.sendMessages([
      { body: 1, applicationProperties: { total: 101, region: 'eu' } },
      { body: 2, applicationProperties: { total: 100, region: 'eu' } },
      { body: 3, applicationProperties: { total: 500, region: 'us' } },
    ]);
    expect(bodies('large')).toEqual([1]);
  });

  test('should manage rules over AMQP', async () => {
    const { bodies, client, control, sender } = withTopic();
    control.createSubscription('events', 'sub');
    const rules = client.createRuleManager('events', 'sub');
    await rules.createRule('by-subject', { subject: 'a', applicationProperties: { n: 1 } });
    await rules.createRule('by-sql', { sqlExpression: 'n = 2' }, { sqlExpression: 'SET hit = n' });
    await rules.deleteRule('$Default');
    const found = [];
    for await (const rule of rules.listRules()) found.push(rule);
    expect(found).toMatchObject([
      { name: 'by-subject', filter: { subject: 'a', applicationProperties: { n: 1 } } },
      {
        name: 'by-sql',
        filter: { sqlExpression: 'n = 2' },
        action: { sqlExpression: 'SET hit = n' },
      },
    ]);
    await sender.sendMessages([
      { body: 1, subject: 'a', applicationProperties: { n: 1 } },
      { body: 2, applicationProperties: { n: 2 } },
      { body: 3 },
    ]);
    expect(bodies('sub')).toEqual([1, 2]);
    expect(control.messages('events/Subscriptions/sub')[1]?.applicationProperties).toEqual({
      n: 2,
      hit: 2,
    });
  });

  test('should make one copy for all plain rules, and one for each that changes it', async () => {
    const { admin, control, sender } = withTopic();
    await admin.createSubscription('events', 'sub');
    await admin.createRule('events', 'sub', 'plain', { sqlExpression: 'n > 0' });
    for (const name of ['one', 'two']) {
      await admin.createRule(
        'events',
        'sub',
        name,
        { sqlExpression: 'n > 0' },
        { sqlExpression: `SET rule = '${name}'; REMOVE secret; SET sys.Label = 'changed'` },
      );
    }
    await sender.sendMessages({ body: 1, applicationProperties: { n: 1, secret: 'x' } });
    const copies = control.messages('events/Subscriptions/sub');
    expect(copies).toHaveLength(3);
    expect(copies.filter(({ subject }) => subject === 'changed')).toMatchObject([
      { applicationProperties: { n: 1, rule: 'one' } },
      { applicationProperties: { n: 1, rule: 'two' } },
    ]);
  });

  test('should dead-letter a message of no session in a subscription with sessions', async () => {
    const { control, sender } = withTopic();
    control.createSubscription('events', 'sub', { requiresSession: true });
    await sender.sendMessages([{ body: 1 }, { body: 2, sessionId: 's' }]);
    expect(control.counts('events/Subscriptions/sub')).toMatchObject({ active: 1, deadLetters: 1 });
    expect(control.messages('events/Subscriptions/sub/$DeadLetterQueue')).toMatchObject([
      { applicationProperties: { DeadLetterReason: 'Session ID is null.' } },
    ]);
  });

  test('should dead-letter what a filter cannot decide, if the subscription says so', async () => {
    const { admin, control, sender } = withTopic();
    for (const [name, deadLetteringOnFilterEvaluationExceptions] of [
      ['keeps', true],
      ['drops', false],
    ] as const) {
      await admin.createSubscription('events', name, {
        deadLetteringOnFilterEvaluationExceptions,
        defaultRuleOptions: { name: 'bad', filter: { sqlExpression: 'n > @missing' } },
      });
    }
    await sender.sendMessages({ body: 1, applicationProperties: { n: 1 } });
    expect(control.counts('events/Subscriptions/keeps').deadLetters).toBe(1);
    expect(control.counts('events/Subscriptions/drops').deadLetters).toBe(0);
  });
});
