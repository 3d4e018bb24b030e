import type { ServiceBusReceivedMessage, ServiceBusReceiver } from '@azure/service-bus';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { useEmulator } from './support/fixture.ts';

const fixture = useEmulator();

type Action = 'complete' | 'abandon' | 'deadLetter' | 'defer' | 'lose';

/** What a handler does with a message at its first delivery; from the second on it completes. */
function behave(
  action: Action,
  receiver: ServiceBusReceiver,
  message: ServiceBusReceivedMessage,
): Promise<void> {
  switch (action) {
    case 'complete':
      return receiver.completeMessage(message);
    case 'abandon':
      return receiver.abandonMessage(message);
    case 'deadLetter':
      return receiver.deadLetterMessage(message);
    case 'defer':
      return receiver.deferMessage(message);
    case 'lose':
      return Promise.resolve();
  }
}

/** The SDK mistakes one outcome for another when neighbours are settled in one tick: see test/assumptions. */
function oneAtATime(): (act: () => Promise<void>) => Promise<void> {
  let last = Promise.resolve();
  return (act) => {
    last = last.then(act);
    return last;
  };
}

test('should end with every message where its receiver put it, whatever came in between', async () => {
  const action = fc.constantFrom<Action>('complete', 'abandon', 'deadLetter', 'defer', 'lose');
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 30 }), async (actions) => {
      const { client, connect, control } = fixture();
      control.createQueue('orders');
      await client
        .createSender('orders')
        .sendMessages(actions.map((_, index) => ({ body: index, messageId: String(index) })));
      const completed: string[] = [];
      const receivers = [client, connect()].map((each) =>
        each.createReceiver('orders', { maxAutoLockRenewalDurationInMs: 0 }),
      );
      for (const receiver of receivers) {
        const inTurn = oneAtATime();
        receiver.subscribe(
          {
            processMessage: async (message) => {
              const first = message.deliveryCount === 0;
              const done = first ? actions[message.body as number]! : 'complete';
              await inTurn(() => behave(done, receiver, message));
              if (done === 'complete') completed.push(String(message.messageId));
            },
            processError: async () => {},
          },
          { autoCompleteMessages: false, maxConcurrentCalls: 3 },
        );
      }
      const count = (...wanted: Action[]) => actions.filter((each) => wanted.includes(each)).length;
      await control.until(() => {
        const { active, locked } = control.counts('orders');
        return active === locked && locked === count('lose');
      });
      control.expireLocks();
      await control.until(() => control.counts('orders').active === 0);
      expect(control.counts('orders')).toMatchObject({
        deferred: count('defer'),
        deadLetters: count('deadLetter'),
      });
      await Promise.all(receivers.map((receiver) => receiver.close()));
      expect(completed.length).toBe(count('complete', 'abandon', 'lose'));
      expect(new Set(completed).size).toBe(completed.length);
    }),
    { numRuns: 15 },
  );
});
