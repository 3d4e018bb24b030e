/* oxlint-disable no-console */
// Measures how long a send of one process takes to the handler in another one, and what an idle receiver costs.
// Run: node --conditions=@busbar/source test/measure/latency.ts [full|normal] [samples]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { type SqliteTransportOptions, sqliteTransport } from '@busbar/sqlite';
import { quietHost } from '../support/hosts.ts';
import { toQueue } from '../support/messages.ts';
import { temporaryFile } from '../support/temporary-file.ts';

const durability = process.argv[2] === 'normal' ? 'normal' : 'full';
const samples = Number(process.argv[3] ?? 300);

if (process.env['BUSBAR_MEASURE_FILE'] === undefined) await send();
else await receive(process.env['BUSBAR_MEASURE_FILE']);

async function send(): Promise<void> {
  using file = temporaryFile();
  const connection = await connect(file.path);
  await connection.queues.provision([{ name: 'latency' }]);
  const child = fork(import.meta.filename, [durability], {
    env: { ...process.env, BUSBAR_MEASURE_FILE: file.path },
  });
  await once(child, 'message');
  const latencies: number[] = [];
  const confirms: number[] = [];
  for (let sample = 0; sample < samples; sample += 1) {
    await wait(5 + Math.random() * 25);
    const arrived = once(child, 'message');
    const body = String(process.hrtime.bigint());
    await connection.dispatch([toQueue('latency', { body })]);
    confirms.push(Number(process.hrtime.bigint() - BigInt(body)) / 1e6);
    latencies.push(Number((await arrived)[0]));
  }
  report('send to handler, ms', latencies);
  report('send to confirm, ms', confirms);
  child.send('idle');
  const [idle] = (await once(child, 'message')) as [number];
  console.log(`idle receiver: ${idle.toFixed(3)} % of a core`);
  child.kill('SIGKILL');
  await connection.close();
}

async function receive(path: string): Promise<void> {
  const connection = await connect(path);
  const receiver = connection.createReceiver({
    queue: 'latency',
    concurrency: 10,
    suspicionAfter: 5,
    ordered: false,
  });
  await receiver.start(
    async ({ delivery }) => {
      const sent = BigInt(new TextDecoder().decode(delivery.body));
      process.send?.(Number(process.hrtime.bigint() - sent) / 1e6);
      return 'settle';
    },
    async () => ({ action: 'release' }),
  );
  process.on('message', () => void measureIdle());
  process.send?.('started');
}

async function measureIdle(): Promise<void> {
  await wait(1_000);
  const before = process.cpuUsage();
  const seconds = 20;
  await wait(seconds * 1_000);
  const { user, system } = process.cpuUsage(before);
  process.send?.((user + system) / 1e4 / seconds);
}

function connect(file: string): ReturnType<ReturnType<typeof sqliteTransport>['connect']> {
  const options: SqliteTransportOptions = { file, durability };
  return sqliteTransport(options).connect(quietHost());
}

function report(what: string, values: number[]): void {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);
  console.log(`${what}: median ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, max ${at(0.9999)}`);
}
