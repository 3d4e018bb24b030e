import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEndpoint, handler, silentLogger } from '@busbar/core';
import { rabbitMqTransport } from '@busbar/rabbitmq';
import { contractsOf, namesOf } from '../contracts.ts';
import type { WorkerArguments } from '../worker-process.ts';

// A worker in a process of its own. It writes what it does to a file, which outlives it however it ends.
const { url, run, file } = JSON.parse(process.argv[2] ?? '{}') as WorkerArguments;
const { Work, WorkDone } = contractsOf(run);
const { worker, errors } = namesOf(run);

const endpoint = createEndpoint(worker, {
  transport: rabbitMqTransport({ url, management: false }),
  errorQueue: errors,
  logger: silentLogger,
  provision: false,
  handlers: [
    handler(Work, async ({ number }, context) => {
      appendFileSync(file, `begun ${number}\n`);
      // Not all that were begun together end together.
      await sleep(20 + 40 * Math.random());
      appendFileSync(file, `ended ${number}\n`);
      await context.publish(new WorkDone({ number }));
    }),
  ],
});
await endpoint.start();

// Nobody is left to work for.
process.once('disconnect', () => process.exit(1));
process.once('message', () => void stop());
process.send?.('started');

async function stop(): Promise<void> {
  await endpoint.stop();
  process.disconnect();
}
