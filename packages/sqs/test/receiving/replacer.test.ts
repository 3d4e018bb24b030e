import { type Headers, headerNames, systemClock } from '@busbar/core';
import { expect, test } from 'vitest';
import { Replacer } from '../../src/receiving/replacer.ts';
import { dueOf } from '../../src/receiving/sieve.ts';
import type { Couriers } from '../../src/sending/couriers.ts';
import type { Parcel } from '../../src/sending/parcel.ts';

const standard = { queue: 'sales', url: 'sales', fifo: false };
const fifo = { queue: 'ordered', url: 'ordered.fifo', fifo: true };

/** A replacer whose copies arrive here. */
function replacer(): { readonly made: Replacer; readonly sent: Parcel[] } {
  const sent: Parcel[] = [];
  const couriers = {
    toQueue: () => ({
      add: (parcel: Parcel) => {
        sent.push(parcel);
        parcel.done({ outcome: 'confirmed' });
      },
    }),
  };
  return { made: new Replacer(couriers as unknown as Couriers, systemClock, 1_000), sent };
}

const message = { MessageId: 'm', Body: '{}', Attributes: { MessageGroupId: 'k.tenant' } };
const keyed: Headers = { [headerNames.messageId]: 'm', [headerNames.partitionKey]: 'tenant' };

test('copies in standard queues keep the message group', async () => {
  const { made, sent } = replacer();
  await made.guarded(standard, message, '3;alone');
  await made.delayed(standard, message, keyed, Date.now() + 60_000);
  await made.moved(standard, message, keyed, {});
  await made.moved(standard, { MessageId: 'm' }, {}, {});
  expect(sent.map(({ messageGroup }) => messageGroup)).toEqual([
    'k.tenant',
    'k.tenant',
    'k.tenant',
    undefined,
  ]);
});

test('copies in ordered queues have the group of their key, or that of their producer', async () => {
  const { made, sent } = replacer();
  await made.due(fifo, { ...message, Attributes: { MessageGroupId: 'fair' } }, keyed);
  await made.guarded(fifo, { ...message, Attributes: { MessageGroupId: 'native' } }, '3;alone');
  await made.due(fifo, { MessageId: 'm' }, { [headerNames.messageId]: 'm' });
  expect(sent.map(({ messageGroup }) => messageGroup)).toEqual(['k.tenant', 'native', 'm.m']);
});

test.each([
  ['in a year', 365, true],
  ['in more than any sender accepts', 368, false],
  ['when no clock goes on', Number.MAX_SAFE_INTEGER, false],
])('a message that is due %s', (_when, days, waits) => {
  const now = Date.now();
  const due = Math.min(Number.MAX_SAFE_INTEGER, now + days * 86_400_000);
  const attribute = { DataType: 'Number', StringValue: String(due) };
  const read = dueOf({ MessageAttributes: { 'busbar-due': attribute } }, now);
  expect(read).toBe(waits ? due : 0);
});
