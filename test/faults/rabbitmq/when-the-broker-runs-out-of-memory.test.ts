import { afterAll, beforeAll, expect, test } from 'vitest';
import { until, within } from '../../support/rabbitmq/bounded-wait.ts';
import { type PrivateNode, startPrivateNode } from '../../support/rabbitmq/private-node.ts';
import { programsForTests } from '../../support/rabbitmq/programs-for-tests.ts';
import { Bus } from './support/bus.ts';
import { Summary } from './support/summary.ts';

const backlog = 1_000;
const mayWait = 500;
const limitMs = 60_000;
const rabbit = await programsForTests();
const summary = new Summary();

rabbit.register('when the broker runs out of memory', (programs) => {
  let node: PrivateNode;
  beforeAll(async () => void (node = await startPrivateNode({ programs })), 90_000);
  afterAll(() => node.destroy());

  test(
    'should make senders wait, up to a bound, and go on consuming',
    { timeout: 120_000 },
    async (context) => {
      const gate = Promise.withResolvers<void>();
      await using bus = new Bus(
        {
          url: node.url,
          transport: { management: false },
          senderTransport: { management: false, maxBufferedMessages: mayWait },
          // Its events wait in their queue.
          watch: () => gate.promise,
        },
        context,
      );
      const { worker } = await bus.start();
      const { ledger, log, sender } = bus;
      await bus.send(backlog, { window: 200 });
      const allPublished = (): boolean => worker.health().counts.handled === backlog;
      await until(limitMs, 'the worker to handle its commands', allPublished);

      await node.ctl('set_vm_memory_high_watermark', 'absolute', '1');
      // The broker tells who publishes.
      const first = bus.send(1, { window: 1 });
      await log.until(limitMs, 'RabbitMQ takes no messages', 1);
      expect(sender.health()).toMatchObject({ status: 'degraded' });
      const others = bus.send(mayWait, { window: mayWait });
      others.catch(() => {});
      const from = performance.now();
      const beyond = within(1_000, 'a send beyond the bound to fail', bus.sendOnce());
      await expect(beyond).rejects.toMatchObject({ code: 'TRANSPORT_UNAVAILABLE' });
      const tookMs = performance.now() - from;

      gate.resolve();
      await ledger.untilHandled(backlog, limitMs);
      expect(ledger.confirmed).toBe(backlog);

      await node.ctl('set_vm_memory_high_watermark', '0.4');
      await ledger.faultOver('the alarm', limitMs);
      await within(limitMs, 'the confirms of what waited', Promise.all([first, others]));
      await ledger.untilAllHandled(limitMs);
      await bus.stop();
      const account = ledger.account();
      summary.add('memory alarm', account, `one beyond refused after ${Math.round(tookMs)} ms`);
      expect(account).toMatchObject({ lost: [], unconfirmed: 0, sentAgain: 0 });
      expect(account.duplicated).toEqual({ commands: 0, events: 0 });
    },
  );
});
