import { describe, expect, test } from 'vitest';
import { codeOf, impatient, receiveOne, useEmulator } from './support/fixture.ts';

const fixture = useEmulator();
const seconds = 1_000;

function withSessions() {
  const all = fixture();
  all.control.createQueue('orders', { requiresSession: true, lockDuration: 30 * seconds });
  return { ...all, sender: all.client.createSender('orders') };
}

interface WithInternals {
  readonly _connectionContext: {
    getManagementClient(entity: string): {
      listMessageSessions(skip: number, top: number): Promise<string[]>;
    };
  };
}

describe('sessions', () => {
  test('should give one receiver the messages of one session, in order', async () => {
    const { client, sender } = withSessions();
    await sender.sendMessages([
      { body: 'a1', sessionId: 'a' },
      { body: 'b1', sessionId: 'b' },
      { body: 'a2', sessionId: 'a' },
    ]);
    const receiver = await client.acceptSession('orders', 'a');
    expect(receiver.sessionLockedUntilUtc.getTime()).toBeGreaterThan(Date.now());
    const messages = await receiver.receiveMessages(5, { maxWaitTimeInMs: 50 });
    expect(messages.map(({ body }) => body as string)).toEqual(['a1', 'a2']);
    for (const message of messages) await receiver.completeMessage(message);
    await receiver.close();
  });

  test('should refuse a session that another receiver holds, until that closes', async () => {
    const { client, connect, sender } = withSessions();
    await sender.sendMessages({ body: 1, sessionId: 'a' });
    const holder = await client.acceptSession('orders', 'a');
    const other = connect();
    expect(await codeOf(other.acceptSession('orders', 'a'))).toBe('SessionCannotBeLocked');
    const held = await receiveOne(holder);
    await holder.close();
    const next = await other.acceptSession('orders', 'a');
    const again = await receiveOne(next);
    expect(again.messageId).toBe(held.messageId);
    // A session that was closed in order says nothing against its messages.
    expect(again.deliveryCount).toBe(0);
  });

  test('should accept the next session that nobody holds', async () => {
    const { client, sender } = withSessions();
    await sender.sendMessages([
      { body: 1, sessionId: 'a' },
      { body: 2, sessionId: 'b' },
    ]);
    const first = await client.acceptNextSession('orders');
    const second = await client.acceptNextSession('orders');
    expect([first.sessionId, second.sessionId]).toEqual(['a', 'b']);
  });

  test('should let a receiver wait for a session to come', async () => {
    const { client, sender } = withSessions();
    const waiting = client.acceptNextSession('orders');
    await sender.sendMessages({ body: 1, sessionId: 'late' });
    const receiver = await waiting;
    expect(receiver.sessionId).toBe('late');
    expect((await receiveOne(receiver)).body).toBe(1);
  });

  test('should say so when no session comes in time', async () => {
    const { connect } = withSessions();
    const client = connect({ retryOptions: { maxRetries: 0, timeoutInMs: 200 } });
    expect(await codeOf(client.acceptNextSession('orders'))).toBe('ServiceTimeout');
  });

  test('should keep the state of a session after its messages are gone', async () => {
    const { client, control, sender } = withSessions();
    await sender.sendMessages({ body: 1, sessionId: 'a' });
    const first = await client.acceptSession('orders', 'a');
    expect(await first.getSessionState()).toBeNull();
    await first.setSessionState({ step: 3 });
    await first.completeMessage(await receiveOne(first));
    await first.close();
    expect(control.messages('orders')).toEqual([]);
    const second = await client.acceptSession('orders', 'a');
    expect(await second.getSessionState()).toEqual({ step: 3 });
    await second.setSessionState(null);
    expect(await second.getSessionState()).toBeNull();
  });

  test('should free a session whose lock expires, and tell its holder', async () => {
    const { client, connect, control, sender } = withSessions();
    await sender.sendMessages({ body: 1, sessionId: 'a' });
    const slow = await client.acceptSession('orders', 'a');
    const held = await receiveOne(slow);
    control.advanceClock(30 * seconds);
    // What is answered on the connection after the detach tells that the detach has arrived.
    await client.createReceiver('orders').peekMessages(1);
    expect(await codeOf(slow.completeMessage(held))).toBe('SessionLockLost');
    const quick = await connect(impatient).acceptSession('orders', 'a');
    expect((await receiveOne(quick)).deliveryCount).toBe(1);
  });

  test('should hold a session for longer when its lock is renewed', async () => {
    const { client, control, sender } = withSessions();
    await sender.sendMessages({ body: 1, sessionId: 'a' });
    const receiver = await client.acceptSession('orders', 'a', {
      maxAutoLockRenewalDurationInMs: 0,
    });
    const message = await receiveOne(receiver);
    control.advanceClock(20 * seconds);
    const until = await receiver.renewSessionLock();
    expect(until.getTime() - control.now().getTime()).toBeGreaterThan(29 * seconds);
    control.advanceClock(20 * seconds);
    await receiver.completeMessage(message);
    expect(control.messages('orders')).toEqual([]);
  });

  test('should lose its lock when a test says so', async () => {
    const { client, connect, control, sender } = withSessions();
    await sender.sendMessages({ body: 1, sessionId: 'a' });
    await receiveOne(await client.acceptSession('orders', 'a'));
    expect(control.expireLocks('orders')).toBe(1);
    const next = await connect().acceptNextSession('orders');
    expect((await receiveOne(next)).deliveryCount).toBe(1);
  });

  test('should list those that have messages or state', async () => {
    const { client, sender } = withSessions();
    await sender.sendMessages([
      { body: 1, sessionId: 'b' },
      { body: 2, sessionId: 'c' },
    ]);
    const receiver = await client.acceptSession('orders', 'a');
    await receiver.setSessionState('state');
    // The SDK can ask for it, and does not offer it.
    const { _connectionContext: internals } = client as unknown as WithInternals;
    const management = internals.getManagementClient('orders');
    expect(await management.listMessageSessions(0, 2)).toEqual(['a', 'b']);
    expect(await management.listMessageSessions(2, 2)).toEqual(['c']);
    expect(await management.listMessageSessions(3, 2)).toEqual([]);
  });

  test('should defer and settle in a session', async () => {
    const { client, control, sender } = withSessions();
    await sender.sendMessages({ body: 1, sessionId: 'a' });
    const receiver = await client.acceptSession('orders', 'a');
    const message = await receiveOne(receiver);
    await receiver.deferMessage(message);
    const [deferred] = await receiver.receiveDeferredMessages(message.sequenceNumber!);
    await receiver.deadLetterMessage(deferred!);
    expect(control.messages('orders/$DeadLetterQueue')).toMatchObject([{ sessionId: 'a' }]);
  });

  test('should refuse what does not fit: no session id, no session receiver, no sessions', async () => {
    const { client, control, sender } = withSessions();
    control.createQueue('plain');
    expect(await codeOf(sender.sendMessages({ body: 1 }))).toBe('GeneralError');
    expect(await codeOf(client.createReceiver('orders').receiveMessages(1))).toBe('GeneralError');
    // The SDK's own conclusion from a link that came back without a session.
    expect(await codeOf(client.acceptSession('plain', 'a'))).toBe('SessionCannotBeLocked');
  });

  test('should peek by session, and across sessions without one', async () => {
    const { client, connect, sender } = withSessions();
    await sender.sendMessages([
      { body: 1, sessionId: 'a' },
      { body: 2, sessionId: 'b' },
    ]);
    const session = await client.acceptSession('orders', 'b');
    expect((await session.peekMessages(5)).map(({ body }) => body as number)).toEqual([2]);
    // Receivers of one client and entity share where the last peek ended.
    const all = await connect().createReceiver('orders').peekMessages(5);
    expect(all.map(({ body }) => body as number)).toEqual([1, 2]);
  });
});
