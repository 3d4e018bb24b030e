/* oxlint-disable no-console */
// Measures sends, receives and round trips against the same work written by hand on node:sqlite, with the same batches
// and the same durability. Run: node --conditions=@busbar/source test/measure/throughput.ts [full|normal] [messages]
import { DatabaseSync } from 'node:sqlite';
import { sqliteTransport } from '@busbar/sqlite';
import { quietHost } from '../support/hosts.ts';
import { toQueue } from '../support/messages.ts';
import { temporaryFile } from '../support/temporary-file.ts';

const durability = process.argv[2] === 'normal' ? 'normal' : 'full';
const count = Number(process.argv[3] ?? 20_000);
const headers = Object.fromEntries(
  Array.from({ length: 12 }, (_, index) => [`busbar-header-${index}`, `a value as usual ${index}`]),
);
const body = new Uint8Array(500).fill(120);

/** Messages per second, and microseconds of processor time per message: the latter says more on a busy machine. */
interface Rate {
  readonly perSecond: number;
  readonly cpu: number;
}

interface Rates {
  readonly send: Rate;
  readonly receive: Rate;
  readonly roundTripMs: number;
}

function stopwatch(): () => Rate {
  const since = performance.now();
  const before = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(before);
    const perSecond = Math.round(count / ((performance.now() - since) / 1_000));
    return { perSecond, cpu: (user + system) / count };
  };
}

/** What one would write without a framework: one table, one index, leases. */
function byHand(batch: number): Rates {
  using file = temporaryFile();
  const database = new DatabaseSync(file.path);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability};
    CREATE TABLE message (seq INTEGER PRIMARY KEY, queue TEXT NOT NULL, visible INTEGER NOT NULL,
      attempts INTEGER NOT NULL DEFAULT 0, lease INTEGER, headers TEXT NOT NULL, body BLOB NOT NULL) STRICT;
    CREATE INDEX message_visible ON message (queue, visible)`);
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const insert = database.prepare(
    "INSERT INTO message (queue, visible, headers, body) VALUES ('q', ?, ?, ?)",
  );
  const claim = database.prepare(
    `UPDATE message SET lease = ?, visible = ?, attempts = attempts + 1 WHERE seq IN
     (SELECT seq FROM message WHERE queue = 'q' AND visible <= ? ORDER BY visible, seq LIMIT ?)
     RETURNING seq, attempts, headers, body`,
  );
  const remove = database.prepare('DELETE FROM message WHERE seq = ? AND lease = ?');
  const sendBatch = (size: number): void => {
    begin.run();
    for (let i = 0; i < size; i += 1) insert.run(Date.now(), JSON.stringify(headers), body);
    commit.run();
  };
  let held: number[] = [];
  let lease = 0;
  const receiveBatch = (size: number): number => {
    begin.run();
    for (const seq of held) remove.run(seq, lease);
    lease += 1;
    const now = Date.now();
    const rows = claim.all(lease, now + 30_000, now, size);
    commit.run();
    for (const row of rows) JSON.parse(row['headers'] as string);
    held = rows.map((row) => row['seq'] as number);
    return rows.length;
  };
  let watch = stopwatch();
  for (let sent = 0; sent < count; sent += batch) sendBatch(batch);
  const send = watch();
  watch = stopwatch();
  while (receiveBatch(batch) > 0);
  const receive = watch();
  const since = performance.now();
  const trips = 500;
  for (let trip = 0; trip < 2 * trips; trip += 1) {
    sendBatch(1);
    receiveBatch(1);
  }
  const roundTripMs = (performance.now() - since) / trips;
  database.close();
  return { send, receive, roundTripMs };
}

async function byTransport(batch: number): Promise<Rates> {
  using file = temporaryFile();
  const connection = await sqliteTransport({ file: file.path, durability }).connect(quietHost());
  await connection.queues.provision([{ name: 'q' }, { name: 'ping' }, { name: 'pong' }]);
  const settings = { concurrency: batch, suspicionAfter: 5, ordered: false };
  let watch = stopwatch();
  for (let sent = 0; sent < count; sent += batch) {
    const dispatches = Array.from({ length: batch }, () =>
      connection.dispatch([
        { message: { headers, body }, destination: { kind: 'queue', queue: 'q' } },
      ]),
    );
    await Promise.all(dispatches);
  }
  const send = watch();
  const receiver = connection.createReceiver({ queue: 'q', ...settings });
  const all = Promise.withResolvers<void>();
  let received = 0;
  watch = stopwatch();
  await receiver.start(
    async () => {
      received += 1;
      if (received === count) all.resolve();
      return 'settle';
    },
    async () => ({ action: 'release' }),
  );
  await all.promise;
  const receive = watch();
  await receiver.stop(new AbortController().signal);

  let pong = Promise.withResolvers<void>();
  const ping = connection.createReceiver({ queue: 'ping', ...settings });
  await ping.start(
    async ({ delivery }) => {
      await delivery.settleWith?.([toQueue('pong', { headers, body })]);
      return 'settled';
    },
    async () => ({ action: 'release' }),
  );
  const pongs = connection.createReceiver({ queue: 'pong', ...settings });
  await pongs.start(
    async () => {
      pong.resolve();
      return 'settle';
    },
    async () => ({ action: 'release' }),
  );
  const since = performance.now();
  const trips = 500;
  for (let trip = 0; trip < trips; trip += 1) {
    await connection.dispatch([toQueue('ping', { headers, body })]);
    await pong.promise;
    pong = Promise.withResolvers<void>();
  }
  const roundTripMs = (performance.now() - since) / trips;
  const now = AbortSignal.abort();
  await Promise.all([ping.stop(now), pongs.stop(now)]);
  await connection.close();
  return { send, receive, roundTripMs };
}

/** Other work on the machine only ever slows down. */
function best(runs: readonly Rates[]): Rates {
  const rate = (of: (rates: Rates) => Rate): Rate => ({
    perSecond: Math.max(...runs.map((run) => of(run).perSecond)),
    cpu: Math.min(...runs.map((run) => of(run).cpu)),
  });
  return {
    send: rate(({ send }) => send),
    receive: rate(({ receive }) => receive),
    roundTripMs: Math.min(...runs.map(({ roundTripMs }) => roundTripMs)),
  };
}

function line(what: string, hand: Rate, here: Rate): void {
  const times = (hand.perSecond / here.perSecond).toFixed(2);
  const cpuTimes = (here.cpu / hand.cpu).toFixed(2);
  console.log(
    `  ${what}: ${hand.perSecond}/s by hand, ${here.perSecond}/s here (${times} x);`,
    `${hand.cpu.toFixed(1)} µs by hand, ${here.cpu.toFixed(1)} µs here (${cpuTimes} x)`,
  );
}

for (const batch of [1, 10, 100]) {
  const hands: Rates[] = [];
  const transports: Rates[] = [];
  for (let run = 0; run < 5; run += 1) {
    hands.push(byHand(batch));
    transports.push(await byTransport(batch));
  }
  const hand = best(hands);
  const transport = best(transports);
  console.log(`${durability}, ${batch} at once:`);
  line('send', hand.send, transport.send);
  line('receive', hand.receive, transport.receive);
  console.log(
    `  round trip: ${hand.roundTripMs.toFixed(2)} ms by hand, ${transport.roundTripMs.toFixed(2)} ms here`,
  );
}
