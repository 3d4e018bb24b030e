import { Command, Event, Message, definitionOf } from '@busbar/core';
import { expect, test } from 'vitest';
import { checkPublish, checkReply, checkSend } from '../../src/routing/best-practices.ts';

const command = definitionOf(Command('Sales.PlaceOrder'));
const event = definitionOf(Event('Sales.OrderPlaced'));
const reply = definitionOf(Message('Pricing.Quote'));

test('should let each kind be used for what it is', () => {
  expect(() => checkSend(command)).not.toThrow();
  expect(() => checkPublish(event)).not.toThrow();
  expect(() => checkReply(reply)).not.toThrow();
});

test.each([
  ['an event that is sent', () => checkSend(event), 'EVENT_SENT', 'Publish the event'],
  ['a reply that is sent', () => checkSend(reply), 'NOT_A_COMMAND', 'Reply with it'],
  ['a command that is published', () => checkPublish(command), 'COMMAND_PUBLISHED', 'Send the'],
  ['a reply that is published', () => checkPublish(reply), 'NOT_AN_EVENT', 'made by Event()'],
  ['a command as a reply', () => checkReply(command), 'NOT_A_REPLY', 'made by Message()'],
  ['an event as a reply', () => checkReply(event), 'NOT_A_REPLY', 'Sales.OrderPlaced is an event'],
])('should refuse %s and say what to do', (_what, check, code, text) => {
  expect(check).toThrow(expect.objectContaining({ code }) as Error);
  expect(check).toThrow(text);
});
