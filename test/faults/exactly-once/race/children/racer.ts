import { consoleLogger, createEndpoint } from '@busbar/core';
import { openStore } from '../../crash/store.ts';
import { raceOf } from '../contracts.ts';
import type { RacerArguments } from '../racer-process.ts';

// One of two processes that get the messages of the same sagas.
const { run, address } = JSON.parse(process.argv[2] ?? '{}') as RacerArguments;
const { saga, endpoint: name, errors } = raceOf(run);
const store = openStore(address);
const endpoint = createEndpoint(name, {
  transport: store.transport,
  persistence: store.persistence,
  outbox: true,
  errorQueue: errors,
  logger: consoleLogger({ level: 'error' }),
  sagas: [saga],
});
await endpoint.start();

// Nobody is left to work for.
process.once('disconnect', () => process.exit(1));
process.once('message', () => void stop());
process.send?.('started');

async function stop(): Promise<void> {
  const { counts } = endpoint.health();
  await endpoint.stop();
  await store.close();
  process.send?.(counts);
  setImmediate(() => process.disconnect());
}
