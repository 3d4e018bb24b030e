import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { brokerForTests } from '../../support/rabbitmq/broker-for-tests.ts';
import { createVirtualHost } from '../../support/rabbitmq/virtual-host.ts';
import { scaled } from '../../support/scale.ts';
import { Bus, managementOf } from './support/bus.ts';
import { Summary } from './support/summary.ts';
import { WorkerProcess } from './support/worker-process.ts';

const count = scaled('rabbitmq-process-kills');
const kills = 3;
const limitMs = 60_000;
const summary = new Summary();

for (const [major, queueTypes] of [
  ['3', ['quorum', 'classic']],
  ['4', ['quorum']],
] as const) {
  const rabbit = await brokerForTests(major);

  test.for(queueTypes)(
    `${major}: should have another one handle what it had, from a %s queue`,
    { timeout: 120_000 },
    async (queueType, context) => {
      const broker = rabbit.orSkip(context);
      await using host = await createVirtualHost(broker);
      await using cleanUp = new AsyncDisposableStack();
      const folder = await mkdtemp(join(tmpdir(), 'busbar-killed-'));
      cleanUp.defer(() => rm(folder, { recursive: true }));
      const management = managementOf(broker);
      const transport = { queueType, management };
      await using bus = new Bus({ url: host.url, transport }, context);
      const { ledger, run } = bus;
      await bus.worker().provision();
      await bus.watcher().start();
      await bus.startSender();
      const workers: WorkerProcess[] = [];
      let started = 0;
      const start = async (): Promise<void> => {
        started += 1;
        const file = join(folder, `${started}.txt`);
        const worker = await WorkerProcess.start({ url: host.url, run, file });
        workers.push(cleanUp.use(worker));
      };
      await Promise.all([start(), start()]);

      const takenOver: Promise<void>[] = [];
      for (let kill = 0; kill < kills; kill += 1) {
        const before = ledger.handled;
        const sending = bus.send(count / kills, { window: 200 });
        sending.catch(() => {});
        // Many more wait.
        await ledger.untilHandled(before + count / kills / 8, limitMs);
        const killed = workers[kill];
        await killed?.killAtWork();
        const unfinished = killed?.unfinished ?? [];
        expect(unfinished.length).toBeGreaterThan(0);
        // From a classic queue they are handled after all that waits, since copies take their places.
        takenOver.push(ledger.untilTheseAreHandled(unfinished, limitMs));
        await Promise.all([sending, start()]);
      }
      await Promise.all(takenOver);
      await ledger.untilAllHandled(limitMs);
      await Promise.all(workers.slice(kills).map((worker) => worker.stop()));
      await bus.stop();

      for (const number of workers.flatMap((worker) => worker.begun)) ledger.commandBegun(number);
      const account = ledger.account();
      summary.add(`RabbitMQ ${broker.version}, ${kills} processes killed, ${queueType}`, account);
      expect(account).toMatchObject({ sent: count, lost: [], unconfirmed: 0 });
      // Those that were begun when their process died, and those whose acknowledgement died with it.
      const most = kills * 2 * 16;
      expect(account.duplicated.commands).toBeLessThanOrEqual(most);
    },
  );
}
