import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  MemoryBroker,
  behavior,
  consoleLogger,
  createEndpoint,
  handler,
  memoryTransport,
  silentLogger,
  systemClock,
} from '@busbar/core';
import { pgPersistence } from '@busbar/postgres/pg';
import pg from 'pg';
import { InFlight, eachId } from './in-flight.ts';
import { order } from './order.ts';
import { makeDatabase, onPostgresServer } from './postgres-server.ts';
import { PlaceOrder } from './subjects/order-messages.ts';
import { insertOrder, orderTable } from './subjects/order-table.ts';
import { median, percentile } from './statistics.ts';

// Whether handlers notice that millions of handled messages are forgotten meanwhile: slices of the same work in one
// process, with and without it, in turns. Started by hand, since it takes minutes to fill the table:
// node bench/dist/forget.js [--rows N] [--slice N] [--pairs N]

const atOnce = 16;
const senders = 64;
const mostInFlight = 64;
const keptAsLong = '365d';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000000' },
    slice: { type: 'string', default: '4000' },
    pairs: { type: 'string', default: '9' },
  },
});
const slice = Number(values.slice);
const setting = { directory: `forget-${process.pid}` };
const pool = new pg.Pool({ connectionString: await makeDatabase(setting), max: 2 * atOnce });
const latencies: number[] = [];
const inFlight = new InFlight(mostInFlight);
const broker = new MemoryBroker();
const transport = memoryTransport({ broker });
const endpoint = createEndpoint('bench', {
  transport,
  // Its own cleaning finds nothing: when it runs is decided here.
  persistence: pgPersistence(pool, { keepDeduplication: keptAsLong }),
  outbox: true,
  concurrency: atOnce,
  logger: consoleLogger({ level: 'warn' }),
  handlers: [
    handler(PlaceOrder, async (command, context) => {
      await (context.storage as pg.PoolClient).query(insertOrder(command));
    }),
  ],
  behaviors: [
    behavior('transport-receive', 'takes the time', async (_, next) => {
      const start = performance.now();
      await next();
      latencies.push(performance.now() - start);
      inFlight.leave();
    }),
  ],
});
await pool.query(orderTable);
await endpoint.start();
console.error(`Storing ${values.rows} handled messages.`);
// Without its key meanwhile: random ids into an index of this size take many times as long as sorting them once.
await pool.query('ALTER TABLE busbar_handled DROP CONSTRAINT busbar_handled_pkey');
await pool.query(`INSERT INTO busbar_handled (endpoint, message_id, handled_at)
SELECT 'bench', gen_random_uuid()::text, now() - interval '30 days' + number * interval '100 milliseconds'
FROM generate_series(1, ${Number(values.rows)}) AS number`);
await pool.query(
  'ALTER TABLE busbar_handled ADD CONSTRAINT busbar_handled_pkey PRIMARY KEY (endpoint, message_id)',
);
await pool.query('VACUUM ANALYZE busbar_handled');

const host = { endpoint: 'bench', clock: systemClock, logger: silentLogger };
const connection = await transport.connect({ ...host, instance: 'cleaner', onCritical() {} });
const cleaner = await pgPersistence(pool).connect({ ...host, transport: connection });
let sent = 0;
const slices: { readonly without: Slice; readonly cleaning: Slice; readonly forgotten: number }[] =
  [];
await handleSlice();
for (let pair = 0; pair < Number(values.pairs); pair += 1) {
  const first = pair % 2 === 0 ? await handleSlice() : undefined;
  const { result: cleaning, perSecond } = await whileCleaning(handleSlice);
  slices.push({ without: first ?? (await handleSlice()), cleaning, forgotten: perSecond });
}
print('messages a second', (each) => each.perSecond);
print('p50, ms', (each) => each.p50);
print('p99, ms', (each) => each.p99);
print('longest, ms', (each) => each.longest);
console.log(`forgotten a second: ${median(slices.map((each) => each.forgotten)).toFixed(0)}`);
await cleaner.close();
await endpoint.stop();
await pool.end();
await sleep(100);
await onPostgresServer.cleanUp(setting);
process.exit(0);

/** What handlers did in one slice; the times are from receipt to settlement. */
interface Slice {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly longest: number;
}

async function handleSlice(): Promise<Slice> {
  latencies.length = 0;
  const first = sent;
  sent += slice;
  const start = performance.now();
  await eachId({ first, size: slice }, senders, async (id) => {
    await inFlight.enter();
    await endpoint.sendLocal(new PlaceOrder(order(id)));
  });
  while (latencies.length < slice) await sleep(1);
  const seconds = (performance.now() - start) / 1_000;
  return {
    perSecond: slice / seconds,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    longest: percentile(latencies, 1),
  };
}

async function whileCleaning<T>(work: () => Promise<T>): Promise<{ result: T; perSecond: number }> {
  const stopping = new AbortController();
  const start = performance.now();
  const forgetting = cleaner.outbox.forget(stopping.signal);
  const result = await work();
  stopping.abort();
  const forgotten = await forgetting;
  return { result, perSecond: (forgotten / (performance.now() - start)) * 1_000 };
}

function print(what: string, figure: (slice: Slice) => number): void {
  const without = median(slices.map((each) => figure(each.without)));
  const cleaning = median(slices.map((each) => figure(each.cleaning)));
  const ratio = median(slices.map((each) => figure(each.cleaning) / figure(each.without)));
  console.log(
    `${what}: ${without.toFixed(2)} without, ${cleaning.toFixed(2)} while forgetting; ratio ${ratio.toFixed(2)}`,
  );
}
