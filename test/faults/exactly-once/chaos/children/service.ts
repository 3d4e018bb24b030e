import { setTimeout as sleep } from 'node:timers/promises';
import { consoleLogger, createEndpoint } from '@busbar/core';
import { pgPersistence } from '@busbar/postgres/pg';
import { rabbitMqTransport } from '@busbar/rabbitmq';
import pg from 'pg';
import { notedIn } from '../../shop/arrivals.ts';
import { contractsOf, endpointsOf } from '../../shop/contracts.ts';
import { servicesOf } from '../../shop/services.ts';
import type { ServiceArguments } from '../service-process.ts';

// One instance of a service, that may be killed at any moment, and started while nothing else is up.
const given = JSON.parse(process.argv[2] ?? '{}') as ServiceArguments;
const { run, service, amqp, postgres, arrivals } = given;
const names = endpointsOf(run);
const pool = new pg.Pool({ connectionString: postgres, max: 8 });

const endpoint = createEndpoint(names[service], {
  transport: rabbitMqTransport({ url: amqp, management: false }),
  persistence: pgPersistence(pool),
  outbox: true,
  errorQueue: names.errors,
  behaviors: [notedIn(arrivals)],
  logger: consoleLogger({ level: 'warn' }),
  ...servicesOf(run, contractsOf(run))[service],
});

// Nobody is left to work for.
process.once('disconnect', () => process.exit(1));
process.once('message', () => void stop());

for (let started = false; !started;) {
  try {
    await endpoint.start();
    started = true;
  } catch (error) {
    process.stderr.write(`start failed: ${String(error)}\n`);
    await sleep(200);
  }
}
process.send?.('started');

async function stop(): Promise<void> {
  await endpoint.stop();
  await pool.end();
  process.disconnect();
}
