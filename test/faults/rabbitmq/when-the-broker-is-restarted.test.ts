import { setTimeout as sleep } from 'node:timers/promises';
import { fixed } from '@busbar/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { within } from '../../support/rabbitmq/bounded-wait.ts';
import { scaled } from '../../support/scale.ts';
import { type PrivateNode, startPrivateNode } from '../../support/rabbitmq/private-node.ts';
import { programsForTests } from '../../support/rabbitmq/programs-for-tests.ts';
import { Bus } from './support/bus.ts';
import { consume } from './support/consume.ts';
import { Summary } from './support/summary.ts';

type QueueType = 'quorum' | 'classic';

const count = scaled('rabbitmq-restarts');
const failing = 500;
const attemptsEach = 6;
const limitMs = 60_000;
const summary = new Summary();

for (const major of ['3', '4'] as const) {
  const rabbit = await programsForTests(major);

  rabbit.register(`when RabbitMQ ${major} is restarted`, (programs) => {
    describe(`when RabbitMQ ${major} is restarted`, () => {
      let node: PrivateNode;
      beforeAll(async () => void (node = await startPrivateNode({ programs })), 90_000);
      afterAll(() => node.destroy());

      test('should lose nothing that is in flight', { timeout: 180_000 }, async (context) => {
        const open = (queueType: QueueType): Bus =>
          // So slow that thousands wait.
          new Bus(
            { url: node.url, transport: { queueType, management: false }, work: () => sleep(5) },
            context,
          );
        await using quorum = open('quorum');
        await using classic = open('classic');
        const buses = { quorum, classic };
        const both = Object.values(buses);
        await Promise.all(both.map((bus) => bus.start()));
        const sending = Promise.all(both.map((bus) => bus.send(count, { window: 1_000 })));
        sending.catch(() => {});
        for (const part of [0.25, 0.6]) {
          const soFar = Math.round(count * part);
          await Promise.all(both.map(({ ledger }) => ledger.untilConfirmed(soFar, limitMs)));
          await node.stop();
          await node.start();
          await Promise.all(both.map(({ ledger }) => ledger.faultOver('the restart', limitMs)));
        }
        await sending;
        await Promise.all(both.map(({ ledger }) => ledger.untilAllHandled(limitMs)));
        await Promise.all(both.map((bus) => bus.stop()));

        for (const [queueType, { ledger }] of Object.entries(buses)) {
          const account = ledger.account();
          summary.add(`RabbitMQ ${node.version} restarted twice, ${queueType}`, account);
          expect(account).toMatchObject({ sent: count, lost: [], unconfirmed: 0 });
        }
      });

      // Once is enough: nothing of it is the broker's.
      if (major === '4') return;

      test(
        'should retry what fails all the same, and keep it',
        { timeout: 120_000 },
        async (context) => {
          const attempts: number[] = [];
          const halfFailed = Promise.withResolvers<void>();
          let lastRetries = 0;
          const recoverability = { immediate: 1, delayed: fixed({ attempts: 2, delay: '2s' }) };
          await using bus = new Bus(
            {
              url: node.url,
              transport: { management: false },
              worker: { recoverability },
              work: (number, begun) => {
                attempts[number] = begun + 1;
                if (begun === attemptsEach - 1) lastRetries += 1;
                if (lastRetries === failing / 2) halfFailed.resolve();
                throw new Error('It always fails');
              },
            },
            context,
          );
          await bus.start();
          // Over some seconds, so that some are in the delay queues, some in the error queue and some between.
          await bus.send(failing, { window: 10, pauseMs: 80 });
          await within(limitMs, 'half of the messages to fail for good', halfFailed.promise);
          await node.stop();
          await node.start();
          const from = performance.now();

          const failed = new Map<string, number>();
          await using errors = await consume(node.url, bus.names.errors, (message) => {
            const id = String(message.properties.messageId);
            failed.set(id, (failed.get(id) ?? 0) + 1);
          });
          await errors.until(limitMs, 'all to be in the error queue', () => failed.size >= failing);
          const tookMs = Math.round(performance.now() - from);
          await bus.stop();

          const twice = [...failed.values()].filter((times) => times > 1).length;
          const more = `in the error queue: ${failed.size}, ${twice} of them twice, the last after ${tookMs} ms`;
          const account = { ...bus.ledger.account(), handled: 0, lost: [] };
          summary.add(`RabbitMQ ${node.version} restarted, failures`, account, more);
          expect(failed.size).toBe(failing);
          expect(Math.min(...attempts)).toBeGreaterThanOrEqual(attemptsEach);
          expect(bus.criticalErrors).toEqual([]);
        },
      );
    });
  });
}
