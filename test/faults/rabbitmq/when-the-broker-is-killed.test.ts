import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PrivateNode, startPrivateNode } from '../../support/rabbitmq/private-node.ts';
import { programsForTests } from '../../support/rabbitmq/programs-for-tests.ts';
import { scaled } from '../../support/scale.ts';
import { Bus } from './support/bus.ts';
import { DelayedLoad } from './support/delayed-load.ts';
import { settleAfterDeclaring } from './support/settle-after-declaring.ts';
import { Summary } from './support/summary.ts';

const count = scaled('rabbitmq-kills');
const delayedCount = 1_000;
const limitMs = 60_000;
const summary = new Summary();

for (const major of ['3', '4'] as const) {
  const rabbit = await programsForTests(major);

  // Together: most of the time the delays are waited for.
  rabbit.register(`when RabbitMQ ${major} is killed`, (programs) => {
    describe.concurrent(`when RabbitMQ ${major} is killed`, () => {
      let node: PrivateNode;
      beforeAll(async () => void (node = await startPrivateNode({ programs })), 90_000);
      afterAll(() => node.destroy());

      test(
        'should lose nothing that was confirmed, and deliver nothing early',
        { timeout: 180_000 },
        async (context) => {
          const { url } = node;
          // eslint-disable-next-line no-console -- the last resort when something was lost
          context.onTestFailed(() => console.log(`The broker's last words:\n${node.log}`));
          const delays = new DelayedLoad();
          const management = false;
          const work = (): Promise<void> => sleep(5);
          await using quorum = new Bus({ url, transport: { management }, work }, context);
          const classicQueues = { management, queueType: 'classic' } as const;
          await using classic = new Bus({ url, transport: classicQueues, work }, context);
          const come = (number: number): void => delays.came(number);
          await using delayed = new Bus({ url, transport: { management }, work: come }, context);
          const buses = [quorum, classic, delayed];
          await Promise.all(buses.map((bus) => bus.start()));
          // Has the delay queues declared.
          await delayed.send(1, { window: 1, deliverAt: delays.due(1) });
          await settleAfterDeclaring();

          await delayed.send(delayedCount, { window: 200, deliverAt: delays.due(2) });
          const loads = [quorum, classic];
          const sending = Promise.all(loads.map((bus) => bus.send(count, { window: 1_000 })));
          sending.catch(() => {});
          await Promise.all(loads.map(({ ledger }) => ledger.untilConfirmed(count / 2, limitMs)));
          await node.kill();
          await node.start();
          await Promise.all(buses.map(({ ledger }) => ledger.faultOver('the kill', limitMs)));
          delays.back();
          await sending;
          await Promise.all(buses.map(({ ledger }) => ledger.untilAllHandled(limitMs)));
          await Promise.all(buses.map((bus) => bus.stop()));

          const [one, two, three] = buses.map(({ ledger }) => ledger.account());
          const broker = `RabbitMQ ${node.version} killed`;
          summary.add(`${broker}, quorum`, one!);
          summary.add(`${broker}, classic`, two!);
          summary.add(`${broker}, with delays`, three!, delays.toldIn(three!));
          expect(one).toMatchObject({ sent: count, lost: [], unconfirmed: 0 });
          expect(two).toMatchObject({ sent: count, lost: [], unconfirmed: 0 });
          expect(three).toMatchObject({ sent: delayedCount + 1, lost: [], unconfirmed: 0 });
          expect(delays.earliestMs).toBeGreaterThanOrEqual(0);
          expect(delays.latestAfterwardsMs).toBeLessThan(delays.begunAgainMs / 2);
        },
      );
    });
  });
}
