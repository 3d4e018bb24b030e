import type { Message } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import {
  aloneText,
  deliveriesOf,
  diedAlone,
  guardCountOf,
} from '../../src/receiving/guard-count.ts';

function message(receives: string, guard?: string): Message {
  return {
    Attributes: { ApproximateReceiveCount: receives },
    ...(guard !== undefined && {
      MessageAttributes: { 'busbar-guard': { DataType: 'String', StringValue: guard } },
    }),
  };
}

test('should count what SQS counts', () => {
  const count = guardCountOf(message('3'));
  expect(deliveriesOf(count)).toBe(3);
  expect(diedAlone(count)).toBe(false);
});

test('should carry the count on in a copy that is handled alone', () => {
  const suspect = guardCountOf(message('6'));
  const copy = guardCountOf(message('1', aloneText(suspect, false)));
  expect(deliveriesOf(copy)).toBe(6);
  expect(diedAlone(copy)).toBe(false);
});

test('should condemn a copy that came again twice, since only a death brings it again', () => {
  expect(diedAlone(guardCountOf(message('2', '5;alone')))).toBe(false);
  expect(diedAlone(guardCountOf(message('3', '5;alone')))).toBe(true);
});

test('should count an attempt that its process survived, and hold nothing against it', () => {
  const survived = guardCountOf(message('2', '5;alone'));
  const copy = guardCountOf(message('1', aloneText(survived, true)));
  expect(deliveriesOf(copy)).toBe(8);
  expect(diedAlone(copy)).toBe(false);
});

test.each(['', ';', 'x;alone', '-1;alone', '1e99;alone'])(
  'should not break over "%s", which anybody can write',
  (text) => {
    expect(deliveriesOf(guardCountOf(message('1', text)))).toBe(1);
  },
);
