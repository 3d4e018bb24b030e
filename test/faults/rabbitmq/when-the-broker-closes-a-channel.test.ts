import { setTimeout as sleep } from 'node:timers/promises';
import { type TestContext, afterAll, beforeAll, expect, test } from 'vitest';
import { type PrivateNode, startPrivateNode } from '../../support/rabbitmq/private-node.ts';
import { programsForTests } from '../../support/rabbitmq/programs-for-tests.ts';
import { Bus } from './support/bus.ts';
import { Summary } from './support/summary.ts';

const brokersTimeoutMs = 3_000;
const tooLongMs = 6_000;
const limitMs = 60_000;
const rabbit = await programsForTests();
const summary = new Summary();
const closedLine = 'RabbitMQ has closed a channel';
const givenBackLine =
  "Messages were given back, since RabbitMQ's consumer timeout of 3 s was about to pass";

rabbit.register('when a handler takes longer than the broker allows', (programs) => {
  let node: PrivateNode;
  beforeAll(async () => {
    node = await startPrivateNode({
      programs,
      conf: `consumer_timeout = ${brokersTimeoutMs}`,
      advanced: '[{rabbit, [{channel_tick_interval, 1000}]}].',
    });
  }, 90_000);
  afterAll(() => node.destroy());

  /** Some handlers take too long the first time, while many others run. */
  async function underLoad(
    context: TestContext,
    consumerTimeoutMs: number,
    check: (bus: Bus, signals: readonly AbortSignal[]) => Promise<void>,
  ): Promise<Bus> {
    const isSlow = (number: number): boolean => number % 500 === 100;
    const signals: AbortSignal[] = [];
    const bus = new Bus(
      {
        url: node.url,
        transport: { consumerTimeoutMs, management: false },
        work: async (number, begun, { signal }) => {
          if (begun > 0 || !isSlow(number)) return;
          signals.push(signal);
          // It does not care for its signal, so that its end comes when nothing of it may count any more.
          await sleep(tooLongMs);
        },
      },
      context,
    );
    await bus.start();
    const load = bus.load({ window: 50, pauseMs: 50 });
    await check(bus, signals);
    await load.stop();
    await bus.ledger.untilAllHandled(limitMs);
    await bus.stop();
    const account = bus.ledger.account();
    const name = `consumer timeout, the transport told ${consumerTimeoutMs / 1_000} s`;
    summary.add(name, account, `${bus.log.count(closedLine)} channels closed`);
    expect(account).toMatchObject({ lost: [], unconfirmed: 0 });
    // What such an attempt published does not leave: each event is of an attempt that counted.
    expect(signals.length).toBeGreaterThan(0);
    expect(signals.filter(({ aborted }) => !aborted)).toEqual([]);
    return bus;
  }

  test.concurrent(
    'should go on when the transport was told another timeout',
    { timeout: 120_000 },
    async (context) => {
      const more = async ({ ledger, log }: Bus): Promise<void> => {
        await log.until(limitMs, closedLine, 1);
        await ledger.faultOver('the end of the channel', limitMs);
      };
      const { log } = await underLoad(context, 60_000, more);
      expect(log.count(closedLine)).toBeGreaterThan(0);
    },
  );

  test.concurrent(
    'should end the attempts before when it was told the truth',
    { timeout: 120_000 },
    async (context) => {
      const more = async ({ log }: Bus): Promise<void> => {
        await log.until(limitMs, givenBackLine, 3);
      };
      const { log, ledger } = await underLoad(context, brokersTimeoutMs, more);
      expect(log.count(closedLine)).toBe(0);
      // Nobody's neighbours were disturbed.
      expect(ledger.account().duplicated.events).toBe(0);
    },
  );
});
