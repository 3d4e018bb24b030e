import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { until, within } from '../../support/rabbitmq/bounded-wait.ts';
import { brokerForTests } from '../../support/rabbitmq/broker-for-tests.ts';
import { FaultProxy } from '../../support/rabbitmq/fault-proxy.ts';
import { createVirtualHost } from '../../support/rabbitmq/virtual-host.ts';
import { Bus, managementOf } from './support/bus.ts';
import { Summary } from './support/summary.ts';

const count = 5_000;
const concurrency = 300;
/** As many as an endpoint handles at once. */
const hangs = 16;
const limitMs = 60_000;
/** Closing may take a few seconds more than the deadline. */
const closingMs = 12_000;
const rabbit = await brokerForTests();
const summary = new Summary();

describe.concurrent('when an endpoint is stopped under load', { timeout: 120_000 }, () => {
  test.for(['quorum', 'classic'] as const)(
    'should leave the rest to another instance, in %s queues',
    async (queueType, context) => {
      const broker = rabbit.orSkip(context);
      await using host = await createVirtualHost(broker);
      const transport = { queueType, management: managementOf(broker) };
      const worker = { concurrency };
      const work = (): Promise<void> => sleep(50 + 250 * Math.random());
      await using bus = new Bus({ url: host.url, transport, worker, work }, context);
      const { worker: first } = await bus.start();
      await bus.worker().start();
      const { ledger } = bus;
      const sending = bus.send(count, { window: 500 });
      sending.catch(() => {});
      await ledger.untilHandled(count / 10, limitMs);
      // Between two turns of the broker there may be few, most of all on a busy machine.
      let inFlight = 0;
      await until(limitMs, 'many to be in flight', () => {
        inFlight = first.health().receivers.reduce((sum, each) => sum + each.inFlight, 0);
        return inFlight > 100;
      });
      const from = performance.now();
      await within(20_000, 'the endpoint to stop', first.stop({ deadline: '15s' }));
      const tookMs = performance.now() - from;
      await ledger.faultOver('the stop', limitMs);
      await sending;
      await ledger.untilAllHandled(limitMs);
      await bus.stop();

      const account = ledger.account();
      const more = `${inFlight} in flight, stopped in ${Math.round(tookMs)} ms`;
      summary.add(`stopped under load, ${queueType}`, account, more);
      expect(account).toMatchObject({ sent: count, lost: [], unconfirmed: 0 });
      expect(account.duplicated).toEqual({ commands: 0, events: 0 });
    },
  );

  test('should give back what does not end before its deadline', async (context) => {
    const broker = rabbit.orSkip(context);
    await using host = await createVirtualHost(broker);
    const never = Promise.withResolvers<void>();
    const allHang = Promise.withResolvers<void>();
    let hanging = 0;
    await using bus = new Bus(
      {
        url: host.url,
        transport: { management: managementOf(broker) },
        // The first ones that it gets hang, and do not care for their signals.
        work: (_, begun) => {
          if (begun > 0 || hanging === hangs) return undefined;
          hanging += 1;
          if (hanging === hangs) allHang.resolve();
          return never.promise;
        },
      },
      context,
    );
    const { worker: first } = await bus.start();
    const { ledger } = bus;
    await bus.send(500, { window: 100 });
    await within(limitMs, `${hangs} handlers to hang`, allHang.promise);
    const from = performance.now();
    await within(closingMs, 'the endpoint to stop', first.stop({ deadline: '2s' }));
    const tookMs = performance.now() - from;
    await bus.worker().start();
    await ledger.faultOver('the stop', limitMs);
    await ledger.untilAllHandled(limitMs);
    // Nothing of these attempts counts any more.
    never.resolve();
    await bus.stop();

    const account = ledger.account();
    summary.add('stopped while handlers hang', account, `stopped in ${Math.round(tookMs)} ms`);
    expect(account).toMatchObject({ sent: 500, lost: [], unconfirmed: 0 });
    expect(account.duplicated).toEqual({ commands: hangs, events: 0 });
  });

  test.for(['is gone', 'is silent'] as const)(
    'should stop within its deadline when the broker %s, and lose nothing',
    async (how, context) => {
      const broker = rabbit.orSkip(context);
      await using host = await createVirtualHost(broker);
      await using proxy = await FaultProxy.listen({ to: Number(new URL(broker.url).port) });
      const transport = { management: managementOf(broker) };
      const work = (): Promise<void> => sleep(5);
      await using bus = new Bus({ url: proxy.via(host.url), transport, work }, context);
      const { worker, watcher } = await bus.start();
      const { ledger } = bus;
      await bus.send(2_000, { window: 500 });
      await ledger.untilHandled(200, limitMs);
      if (how === 'is gone') await proxy.close();
      else proxy.blackHole();
      const from = performance.now();
      const stops = Promise.all([worker, watcher].map((each) => each.stop({ deadline: '2s' })));
      await within(closingMs, 'the endpoints to stop without a broker', stops);
      const tookMs = performance.now() - from;

      proxy.resume();
      await proxy.reopen();
      await Promise.all([bus.worker().start(), bus.watcher().start()]);
      await ledger.faultOver('the broker is back', limitMs);
      await ledger.untilAllHandled(limitMs);
      await bus.stop();
      const account = ledger.account();
      const more = `stopped in ${Math.round(tookMs)} ms`;
      summary.add(`stopped while the broker ${how}`, account, more);
      expect(account).toMatchObject({ sent: 2_000, lost: [], unconfirmed: 0 });
    },
  );
});
