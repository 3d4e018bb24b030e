import {
  type AnyCommand,
  type AnyEvent,
  type AnyReply,
  Command,
  Event,
  Message,
  handler,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { describe, expect, test } from 'vitest';

class PlaceOrder extends Command('Sales.PlaceOrder')<{ orderId: string }> {}
class OrderPlaced extends Event('Sales.OrderPlaced')<{ orderId: string }> {}
class Accepted extends Message('Sales.Accepted')<{ orderId: string }> {}

const orderId = 'A-1';
const command = new PlaceOrder({ orderId });
const event = new OrderPlaced({ orderId });
const reply = new Accepted({ orderId });

// What the compiler refuses, from callers that it did not check.
const violations = [
  ['send', event, 'EVENT_SENT', 'Sales.OrderPlaced is an event, and was sent.'],
  ['send', reply, 'NOT_A_COMMAND', 'Sales.Accepted is a reply or timeout, and was sent.'],
  ['publish', command, 'COMMAND_PUBLISHED', 'Sales.PlaceOrder is a command, and was published.'],
  ['publish', reply, 'NOT_AN_EVENT', 'Sales.Accepted is a reply or timeout, and was published.'],
  ['reply', command, 'NOT_A_REPLY', 'Sales.PlaceOrder is a command, and was given as a reply.'],
  ['reply', event, 'NOT_A_REPLY', 'Sales.OrderPlaced is an event, and was given as a reply.'],
] as const;

describe('when the kind of a message does not fit', () => {
  test.each(violations)('should refuse to %s %o in a handler', async (how, message, code, text) => {
    await using harness = createHarness();
    const sales = harness.endpoint('sales', {
      recoverability: noRetries,
      handlers: [
        handler(PlaceOrder, (_, context) => {
          if (how === 'send') return context.sendLocal(message as unknown as AnyCommand);
          if (how === 'publish') return context.publish(message as unknown as AnyEvent);
          return context.reply(message as unknown as AnyReply);
        }),
      ],
    });
    await harness.start();
    await sales.sendLocal(command);
    await harness.settled();
    expect(harness.failures(PlaceOrder)[0]).toMatchObject({
      code,
      message: expect.stringContaining(text) as string,
    });
  });

  test.each(violations.filter(([how]) => how !== 'reply'))(
    'should refuse to %s %o on an endpoint',
    async (how, message, code) => {
      await using harness = createHarness();
      const sales = harness.endpoint('sales');
      await harness.start();
      const leaving =
        how === 'send'
          ? sales.sendLocal(message as unknown as AnyCommand)
          : sales.publish(message as unknown as AnyEvent);
      await expect(leaving).rejects.toMatchObject({ code });
    },
  );
});
