import { silentLogger } from '@busbar/core';
import { expect, test } from 'vitest';
import { until, within } from '../../../../test/support/rabbitmq/bounded-wait.ts';
import {
  namespaceForTests,
  needsOurEmulator,
} from '../../../../test/support/service-bus/namespace-for-tests.ts';
import { makeClient } from '../../src/connection/clients.ts';
import { Holdings } from '../../src/receiving/holdings.ts';
import { Solitude } from '../../src/receiving/solitude.ts';
import { StreamLink } from '../../src/receiving/stream-link.ts';
import { Trouble } from '../../src/receiving/trouble.ts';
import { checkOptions } from '../../src/service-bus-options.ts';
import { fastClock } from '../support/fast-clock.ts';
import { HandClock } from '../../../../test/support/hand-clock.ts';
import { startReceiver } from '../support/start-receiver.ts';

const limitMs = 10_000;

test.for([
  { ordered: false, concurrency: 1 },
  { ordered: false, concurrency: 4 },
  { ordered: true, concurrency: 2 },
])('a receiver should go on after the error queue was away for long: %o', async (kind, context) => {
  let refusals = 0;
  const isAway = (): boolean => refusals < 3;
  await using started = await startReceiver(context, {
    ...kind,
    clock: fastClock(20),
    onMessage: async () => {
      if (isAway()) throw new Error('the handler fails');
      return 'settle';
    },
    onError: async () => {
      if (!isAway()) return { action: 'settle' };
      refusals += 1;
      throw new Error('the error queue cannot be reached');
    },
  });
  const { send, receiver, control } = started;
  for (let n = 0; n < 12; n += 1) await send(`m${n}`);
  await until(limitMs, 'all to be settled', () => control.counts('sales').active === 0);
  expect(receiver.health()).toMatchObject({ settled: 12, receiving: true });
});

test('a link that was replaced should be closed although it keeps places empty', async (context) => {
  const { options, emulated } = await namespaceForTests();
  if (emulated === undefined) return context.skip(needsOurEmulator);
  emulated.control.createQueue('sales');
  const clock = new HandClock();
  const client = makeClient(checkOptions(options), 'test');
  const ended = Promise.withResolvers<'settle'>();
  const receiver = { queue: 'sales', concurrency: 1, suspicionAfter: 5, ordered: false };
  const holdings = new Holdings({
    host: { endpoint: 'test', instance: 'i', clock, logger: silentLogger, onCritical: () => {} },
    receiver,
    lockDurationMs: 60_000,
    retries: 0,
    maxBodyBytes: 1_000,
    solitude: new Solitude(),
  });
  holdings.pump.start(
    () => ended.promise,
    async () => ({ action: 'release' }),
  );
  const link = new StreamLink(
    client,
    'sales',
    2,
    holdings,
    new Trouble({ refused: () => {} }),
    clock,
  );
  link.start();
  await client.createSender('sales').sendMessages([{ body: Buffer.of(1) }, { body: Buffer.of(2) }]);
  await until(limitMs, 'both to be held', () => holdings.size === 2);
  clock.advance(1_000);
  await within(limitMs, 'one to be given back', holdings.idle());
  await within(limitMs, 'the link to retire', link.retire());
  expect(link.receiver.isClosed).toBe(false);
  ended.resolve('settle');
  await until(limitMs, 'the link to be closed', () => link.receiver.isClosed);
  await client.close();
});
