import { silentLogger, systemClock } from '@busbar/core';
import { namesOf } from '../retail-options.ts';
import { openPostgres } from '../database/open-database.ts';
import { type DemoRun, isPostgres } from './demo-run.ts';
import { serviceNames } from './services.ts';

/** Takes away what this run made where something stays; files of its own are left for the curious. */
export async function clearAway(run: DemoRun): Promise<void> {
  await removeSchema(run);
  if (!run.transport.capabilities.embedded) await removeQueues(run);
}

async function removeSchema({ databaseOf, name }: DemoRun): Promise<void> {
  const url = databaseOf('sales');
  if (!isPostgres(url)) return;
  const database = await openPostgres(url, name);
  try {
    await database.remove();
  } finally {
    await database.close();
  }
}

async function removeQueues({ transport, name }: DemoRun): Promise<void> {
  const { errorQueue, readErrorsQueue, topology } = namesOf(name);
  const endpoints = ['head-office', ...serviceNames];
  const connection = await transport.connect({
    endpoint: 'head-office',
    instance: `clear-away-${process.pid}`,
    clock: systemClock,
    logger: silentLogger,
    onCritical: () => {},
  });
  try {
    const inputs = endpoints.map((endpoint) => topology.inputQueue(endpoint));
    await connection.queues.remove([...inputs, errorQueue, readErrorsQueue]);
  } finally {
    await connection.close();
  }
}
