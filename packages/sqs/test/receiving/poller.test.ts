import type { SQSClient } from '@aws-sdk/client-sqs';
import { systemClock } from '@busbar/core';
import { expect, test } from 'vitest';
import { Poller } from '../../src/receiving/poller.ts';

test('what cannot be taken is a failure of one poll, and not of two', async () => {
  let calls = 0;
  let wanted = 10;
  const failed = Promise.withResolvers<string>();
  const client = {
    send: async () => {
      calls += 1;
      return { Messages: [{ MessageId: 'm' }] };
    },
  };
  const poller = new Poller({
    client: client as unknown as SQSClient,
    url: 'url',
    clock: systemClock,
    visibilitySeconds: 30,
    waitSeconds: 1,
    wanted: () => wanted,
    most: () => 1,
    received: () => {
      throw new Error('on purpose');
    },
    failed: (_failure, reason) => failed.resolve(reason),
    recovered: () => {},
  });
  poller.wake();
  expect(await failed.promise).toMatch(/on purpose/);
  expect(poller.problem).toMatch(/on purpose/);
  await poller.idle();
  expect(calls).toBe(1);
  wanted = 0;
  poller.stop();
});
