import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { postgresForTests } from '../../support/postgres/postgres-for-tests.ts';
import { startPrivatePostgres } from '../../support/postgres/private-postgres.ts';
import { createDatabase } from '../../support/postgres/test-database.ts';
import { FaultProxy } from '../../support/rabbitmq/fault-proxy.ts';
import { startPrivateNode } from '../../support/rabbitmq/private-node.ts';
import { programsForTests } from '../../support/rabbitmq/programs-for-tests.ts';
import { scaled } from '../../support/scale.ts';
import { KeptLog } from '../rabbitmq/support/kept-log.ts';
import { Chaos } from './chaos/chaos.ts';
import { faultSchedule, seedOfRun } from './chaos/fault-schedule.ts';
import { Front } from './chaos/front.ts';
import { ServiceProcess } from './chaos/service-process.ts';
import { accountOf, effectsSoFar } from './chaos/shop-ledger.ts';
import { messagesIn } from './messages-in.ts';
import { readArrivals } from './shop/arrivals.ts';
import { contractsOf, endpointsOf, serviceNames } from './shop/contracts.ts';
import { effectTables, effects } from './shop/effects.ts';

const orders = scaled('exactly-once-orders');
/** Of the schedule, each with every kind of fault. */
const rounds = Math.max(1, Math.round(orders / 1_000));
const window = 40;
/** Longer than the lease of what a killed process had claimed. */
const idleLimitMs = 90_000;
const seed = seedOfRun();

const rabbit = await programsForTests();
const postgres = await postgresForTests();

test(
  `should lose nothing, do nothing twice and leave no saga behind, with BUSBAR_SEED=${seed}`,
  { timeout: 60 * 60_000 },
  async (context) => {
    const programs = rabbit.orSkip(context);
    postgres.orSkip(context);
    const run = randomUUID().slice(0, 8);
    const contracts = contractsOf(run);
    const names = endpointsOf(run);
    await using cleanUp = new AsyncDisposableStack();
    const folder = await mkdtemp(path.join(tmpdir(), 'busbar-chaos-'));
    cleanUp.defer(() => rm(folder, { recursive: true }));
    const [broker, server] = await Promise.all([
      startPrivateNode({ programs }),
      startPrivatePostgres(),
    ]);
    cleanUp.use(server);
    cleanUp.defer(() => broker.destroy());
    const database = cleanUp.use(await createDatabase(server));
    for (const table of effectTables) await database.rows(table);
    const amqp = cleanUp.use(await FaultProxy.listen({ to: broker.ports.amqp }));
    const sql = cleanUp.use(await FaultProxy.listen({ to: server.port }));
    const addresses = { amqp: amqp.via(broker.url), postgres: sql.via(database.url) };
    const services = serviceNames.flatMap((service) =>
      [1, 2].map((instance) => {
        const options = { run, service, instance, folder, ...addresses };
        return cleanUp.use(new ServiceProcess(options));
      }),
    );
    await Promise.all(services.map((service) => service.start()));
    const logger = new KeptLog();
    const front = cleanUp.use(new Front({ run, contracts, logger, ...addresses }));
    await front.start();

    const chaos = new Chaos({ services, broker, postgres: server, amqp, sql });
    const schedule = faultSchedule(seed, rounds);
    const from = performance.now();
    for (const [index, fault] of schedule.entries()) {
      const first = Math.floor((orders * index) / schedule.length);
      const last = Math.floor((orders * (index + 1)) / schedule.length);
      const some = Array.from({ length: last - first }, (_, place) => first + place);
      const taking = front.take(some, window);
      taking.catch(() => {});
      await sleep(fault.afterMs);
      await chaos.carryOut(fault);
      await taking;
    }

    const wanted = orders * Object.keys(effects).length;
    let done = 0;
    let idleSince = performance.now();
    let account = await accountOf(database, orders);
    const isDone = (): boolean =>
      done >= wanted && account.waiting === 0 && account.stuckSagas.length === 0;
    while (!isDone() && performance.now() - idleSince < idleLimitMs) {
      await sleep(200);
      const now = await effectsSoFar(database);
      if (now > done) idleSince = performance.now();
      done = now;
      if (done >= wanted) account = await accountOf(database, orders);
    }
    const seconds = (performance.now() - from) / 1_000;
    await Promise.all(services.map((service) => service.stop()));
    account = await accountOf(database, orders);
    const arrivals = readArrivals(services.flatMap(({ files }) => files));
    const queues = await messagesIn(broker.url, Object.values(names));
    const told = {
      seed,
      seconds: Math.round(seconds),
      faults: chaos.counts,
      kills: services.reduce((sum, { kills }) => sum + kills, 0),
      repeatedByFront: front.repeated,
      arrived: `${arrivals.total} of ${arrivals.ids} messages`,
      ...account,
      queues,
    };
    // eslint-disable-next-line no-console -- what a run is looked at for
    console.log(told);
    const ownEnds = services.flatMap((service) => service.ownEnds);
    if (account.lost.length + account.duplicated.length + account.stuckSagas.length > 0) {
      // eslint-disable-next-line no-console -- the last resort when something was lost
      console.log(await lastWords(folder));
    }
    expect(account).toEqual({ orders, lost: [], duplicated: [], stuckSagas: [], waiting: 0 });
    expect(arrivals.ambiguous).toEqual([]);
    expect(queues).toEqual({});
    expect(ownEnds).toEqual([]);
    expect(Object.keys(chaos.counts)).toHaveLength(new Set(schedule.map(({ kind }) => kind)).size);
  },
);

async function lastWords(folder: string): Promise<string> {
  const logs = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  const tails = logs.map(async (name) => {
    const text = await readFile(path.join(folder, name), 'utf8');
    return `${name}:\n${text.slice(-4_000)}`;
  });
  return (await Promise.all(tails)).join('\n');
}
