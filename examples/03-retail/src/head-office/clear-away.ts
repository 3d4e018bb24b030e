import { silentLogger, systemClock } from '@busbar/core';
import { namesOf } from '../retail-options.ts';
import type { DemoRun } from './demo-run.ts';
import { serviceNames } from './services.ts';

/** Takes the queues of this run away from a broker that stays; a file of its own is left for the curious. */
export async function clearAway({ transport, name }: DemoRun): Promise<void> {
  if (transport.capabilities.embedded) return;
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
