import { describe, expect, test } from 'vitest';
import { codeOf, receiveOne, useEmulator } from './support/fixture.ts';

const fixture = useEmulator();
const seconds = 1_000;

describe('locks', () => {
  test('should give a message to the next receiver when its lock has expired', async () => {
    const { client, control } = fixture();
    control.createQueue('orders', { lockDuration: 30 * seconds });
    await client.createSender('orders').sendMessages({ body: 1 });
    const slow = client.createReceiver('orders');
    const held = await receiveOne(slow);
    control.advanceClock(29 * seconds);
    expect(control.counts('orders').locked).toBe(1);
    control.advanceClock(1 * seconds);
    const quick = client.createReceiver('orders');
    const again = await receiveOne(quick);
    expect(again.deliveryCount).toBe(1);
    expect(again.lockToken).not.toBe(held.lockToken);
    expect(await codeOf(slow.completeMessage(held))).toBe('MessageLockLost');
    await quick.completeMessage(again);
    expect(control.messages('orders')).toEqual([]);
  });

  test('should hold a lock for longer when it is renewed', async () => {
    const { client, control } = fixture();
    control.createQueue('orders', { lockDuration: 30 * seconds });
    await client.createSender('orders').sendMessages({ body: 1 });
    const receiver = client.createReceiver('orders');
    const message = await receiveOne(receiver);
    control.advanceClock(20 * seconds);
    const until = await receiver.renewMessageLock(message);
    expect(until.getTime() - control.now().getTime()).toBeGreaterThan(29 * seconds);
    control.advanceClock(20 * seconds);
    await receiver.completeMessage(message);
    expect(control.messages('orders')).toEqual([]);
  });

  test('should refuse to renew a lock that is lost', async () => {
    const { client, control } = fixture();
    control.createQueue('orders');
    await client.createSender('orders').sendMessages({ body: 1 });
    const receiver = client.createReceiver('orders');
    const message = await receiveOne(receiver);
    expect(control.expireLocks('orders')).toBe(1);
    expect(await codeOf(receiver.renewMessageLock(message))).toBe('MessageLockLost');
  });

  test('should renew by itself while a handler works, as the SDK does', async () => {
    const { client, control } = fixture();
    control.createQueue('orders', { lockDuration: 1 * seconds });
    await client.createSender('orders').sendMessages({ body: 1 });
    const done = Promise.withResolvers<number>();
    const receiver = client.createReceiver('orders');
    receiver.subscribe(
      {
        processMessage: async (message) => {
          const first = control.messages('orders')[0]?.lockedUntil?.getTime() ?? 0;
          await control.until(
            () => (control.messages('orders')[0]?.lockedUntil?.getTime() ?? 0) > first,
          );
          await receiver.completeMessage(message);
          done.resolve(message.deliveryCount ?? 0);
        },
        processError: async ({ error }) => {
          done.reject(error);
        },
      },
      { autoCompleteMessages: false },
    );
    expect(await done.promise).toBe(0);
    expect(control.messages('orders')).toEqual([]);
  });

  test('should keep a message locked when its receiver closes, until the lock expires', async () => {
    const { client, control } = fixture();
    control.createQueue('orders', { lockDuration: 10 * seconds });
    await client.createSender('orders').sendMessages({ body: 1 });
    const receiver = client.createReceiver('orders');
    await receiveOne(receiver);
    await receiver.close();
    expect(control.counts('orders').locked).toBe(1);
    control.advanceClock(10 * seconds);
    expect(control.counts('orders')).toMatchObject({ active: 1, locked: 0 });
  });

  test('should dead-letter when the last lock expires', async () => {
    const { client, control } = fixture();
    control.createQueue('orders', { maxDeliveryCount: 1 });
    await client.createSender('orders').sendMessages({ body: 1 });
    await receiveOne(client.createReceiver('orders'));
    control.expireLocks();
    expect(control.messages('orders/$DeadLetterQueue')).toMatchObject([
      { deliveryCount: 1, applicationProperties: { DeadLetterReason: 'MaxDeliveryCountExceeded' } },
    ]);
  });
});
