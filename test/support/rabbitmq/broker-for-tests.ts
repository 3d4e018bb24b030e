/**
 * The run's broker, for a test file that neither stops nor reconfigures it. Ask at the top of the file, where no time limit
 * of a test or a hook runs, for it may have to be started first:
 *
 *     const rabbit = await brokerForTests(); // or brokerForTests('4')
 *
 *     test('should ...', async (context) => {
 *       await using host = await createVirtualHost(rabbit.orSkip(context));
 *       ...
 *     });
 *
 * and for tests that can only be registered when there is one, such as the conformance suite:
 *
 *     rabbit.register('rabbitmq', (broker) => transportConformance({ ... }));
 */
import { inject } from 'vitest';
import type { Broker } from './broker.ts';
import { type Found, ForTests } from './for-tests.ts';
import type { RabbitMajor } from './rabbitmq-programs.ts';

// Longer than the slowest way to a broker, a container whose image has to be pulled first.
const limitMs = 290_000;

export async function brokerForTests(major?: RabbitMajor): Promise<ForTests<Broker>> {
  const host = inject('brokerHost');
  if (!host) {
    throw new Error('This project does without brokers: see `brokers` in vitest.config.ts.');
  }
  const url = major === undefined ? host : `${host}/?major=${major}`;
  const response = await fetch(url, { signal: AbortSignal.timeout(limitMs) });
  return new ForTests((await response.json()) as Found<Broker>);
}
