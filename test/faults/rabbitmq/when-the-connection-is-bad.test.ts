import { setTimeout as sleep } from 'node:timers/promises';
import { type TestContext, describe, expect, test } from 'vitest';
import { brokerForTests } from '../../support/rabbitmq/broker-for-tests.ts';
import { FaultProxy } from '../../support/rabbitmq/fault-proxy.ts';
import { createVirtualHost } from '../../support/rabbitmq/virtual-host.ts';
import { Bus, managementOf } from './support/bus.ts';
import { Summary } from './support/summary.ts';

const limitMs = 60_000;
const rabbit = await brokerForTests();
const summary = new Summary();
const lostLine = 'The connection to RabbitMQ was lost; it is opened again';
const openLine = 'Connected to RabbitMQ';
/** Of a sender, a worker and a watcher. */
const links = 6;

interface Faulty {
  readonly bus: Bus;
  readonly proxy: FaultProxy;
  /** Resolves when that many more connections were lost. */
  lose(count: number): Promise<void>;
  /** Resolves when a message was handled, and all connections are there again. */
  recover(what: string): Promise<void>;
}

/** Up to a thousand messages a second through a proxy, while `spoil` does its worst; nothing may be lost. */
async function underLoad(
  context: TestContext,
  name: string,
  heartbeatSeconds: number,
  spoil: (faulty: Faulty) => Promise<void>,
): Promise<void> {
  const broker = rabbit.orSkip(context);
  await using host = await createVirtualHost(broker);
  await using proxy = await FaultProxy.listen({ to: Number(new URL(broker.url).port) });
  const management = managementOf(broker);
  const transport = { heartbeatSeconds, management };
  await using bus = new Bus({ url: proxy.via(host.url), transport }, context);
  await bus.start();
  const { ledger, log } = bus;
  let lost = 0;
  const load = bus.load({ window: 50, pauseMs: 50 });
  await ledger.untilHandled(200, limitMs);
  await spoil({
    bus,
    proxy,
    lose: async (count) => {
      lost += count;
      await log.until(limitMs, lostLine, lost);
    },
    recover: async (what) => {
      await ledger.faultOver(what, limitMs);
      await log.until(limitMs, openLine, links + log.count(lostLine));
    },
  });
  await load.stop();
  await ledger.untilAllHandled(limitMs);
  await bus.stop();
  const account = ledger.account();
  summary.add(name, account, `${log.count(lostLine)} connections lost`);
  expect(account).toMatchObject({ lost: [], unconfirmed: 0 });
  expect(account.sent).toBeGreaterThan(200);
}

describe('when the connection is bad', { timeout: 120_000 }, () => {
  test('should get over a cut', (context) =>
    underLoad(context, 'reset three times', 10, async ({ proxy, lose, recover }) => {
      for (let cut = 0; cut < 3; cut += 1) {
        proxy.reset();
        await Promise.all([lose(links), recover('the cut')]);
      }
    }));

  test('should get over an end without a reset', (context) =>
    underLoad(context, 'dropped twice', 10, async ({ proxy, lose, recover }) => {
      for (let cut = 0; cut < 2; cut += 1) {
        proxy.drop();
        await Promise.all([lose(links), recover('the end')]);
      }
    }));

  test.concurrent('should notice a silence and get over it', (context) =>
    underLoad(context, 'black hole', 1, async ({ proxy, lose, recover }) => {
      proxy.blackHole();
      await lose(links);
      proxy.resume();
      await recover('the silence');
    }));

  test.concurrent('should notice that it hears nothing, though it is heard', (context) =>
    underLoad(context, 'nothing comes down', 1, async ({ proxy, lose, recover }) => {
      proxy.pause('down');
      await lose(links);
      proxy.resume();
      await recover('the silence');
    }));

  test.concurrent('should get over a short silence without losing the connection', (context) =>
    underLoad(context, 'silence of 3 s', 10, async ({ bus, proxy, recover }) => {
      proxy.pause('both');
      await sleep(3_000);
      proxy.resume();
      await recover('the silence');
      expect(bus.log.count(lostLine)).toBe(0);
    }));

  test('should go on when it is slow', (context) =>
    underLoad(context, 'slow: 100 ms, 50 kB/s', 1, async ({ bus, proxy, recover }) => {
      proxy.latencyMs = 100;
      proxy.bytesPerSecond = 50_000;
      const { handled } = bus.ledger;
      await sleep(5_000);
      await bus.ledger.untilHandled(handled + 100, limitMs);
      proxy.latencyMs = 0;
      proxy.bytesPerSecond = 0;
      await recover('the slow time');
      // It is alive all the time.
      expect(bus.log.count(lostLine)).toBe(0);
    }));

  test.for(['up', 'down'] as const)(
    'should get over a cut in the middle of a frame, %s',
    (direction, context) =>
      underLoad(context, `reset in a frame, ${direction}`, 10, async ({ proxy, lose, recover }) => {
        for (const bytes of [1, 6, 7, 8, 50, 333, 5_000]) {
          proxy.resetAfter(bytes, direction);
          await lose(1);
          await recover(`the cut after ${bytes} bytes`);
        }
      }),
  );
});
