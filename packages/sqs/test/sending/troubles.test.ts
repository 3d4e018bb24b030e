import { systemClock } from '@busbar/core';
import { expect, test } from 'vitest';
import { awsError } from '../../../../test/support/sqs/fault-layer.ts';
import { Troubles } from '../../src/sending/troubles.ts';
import { localQueues } from '../support/local-queues.ts';
import { toQueue } from '../support/open-connection.ts';

const local = localQueues();

test('the success of one destination says nothing of another', async () => {
  await using opened = await local.open({ sendTimeoutMs: 500 });
  const { connection, faults } = opened;
  const [well, ill] = [local.name('well'), local.name('ill')];
  await connection.queues.provision([{ name: well }, { name: ill }]);
  faults.add(/^SendMessageBatch$/, async (input, send) => {
    const { QueueUrl = '' } = input as { QueueUrl?: string };
    if (!QueueUrl.endsWith(ill)) return send(input);
    throw awsError('InternalError', 'try again', 500);
  });
  const [lost] = await connection.dispatch([toQueue(ill, 'm1')]);
  const [sent] = await connection.dispatch([toQueue(well, 'm2')]);
  expect([lost?.outcome, sent?.outcome]).toEqual(['unknown', 'confirmed']);
  expect(connection.health().problem).toContain(`"${ill}"`);
  faults.clear();
  await connection.dispatch([toQueue(ill, 'm3')]);
  expect(connection.health().problem).toBeUndefined();
});

test('should name the latest of several, and forget what is not tried any more', () => {
  let now = 0;
  const troubles = new Troubles({ ...systemClock, monotonic: () => now });
  troubles.note('a', 'A takes nothing.');
  now = 30_000;
  troubles.note('b', 'B takes nothing.');
  expect(troubles.problem).toBe('B takes nothing. So it is with 1 more.');
  troubles.note('a', 'A takes nothing.');
  expect(troubles.problem).toBe('A takes nothing. So it is with 1 more.');
  troubles.note('a', undefined);
  expect(troubles.problem).toBe('B takes nothing.');
  now = 90_000;
  expect(troubles.problem).toBeUndefined();
});
