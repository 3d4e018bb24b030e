import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startPrivatePostgres } from './postgres/private-postgres.ts';

const main = path.join(import.meta.dirname, '../../bench/src/main.ts');

interface Printed {
  /** What `npm run bench -- --json` prints, each line an object. */
  readonly rows: readonly Record<string, unknown>[];
  readonly remarks: string;
}

function bench(options: readonly string[], env: NodeJS.ProcessEnv = process.env): Printed {
  const args = ['--conditions=@busbar/source', '--no-warnings', main, '--json', ...options];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(stderr);
  const lines = stdout.split('\n').filter((line) => line !== '');
  return {
    rows: lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    remarks: stderr,
  };
}

// That it works, never how fast: the machine decides about that.
test.each(['memory-send-and-handle', 'sqlite-round-trip'])(
  'should measure %s without losing or doubling a message',
  (scenario) => {
    const { rows } = bench(['--scenario', scenario, '--rounds', '1', '--messages', '200']);
    expect(rows.map(({ subject }) => subject)).toEqual(['twin', 'busbar']);
    for (const row of rows) {
      expect(row).toMatchObject({ scenario, messages: 200, lost: 0, duplicated: 0, rounds: 1 });
      for (const figure of ['perSecond', 'cpuMicrosPerMessage', 'p50Ms', 'p99Ms', 'peakMemoryMb']) {
        expect(row[figure]).toBeGreaterThan(0);
      }
    }
  },
);

// One of each kind; the queues of the other type are measured by the same code.
const onRabbitMq = [
  'rabbitmq-consume-quorum',
  'rabbitmq-handler-5ms-quorum-8',
  'rabbitmq-latency-classic',
  'rabbitmq-retry-quorum',
  'rabbitmq-round-trip-classic',
  'rabbitmq-send-classic',
];

test(
  'should measure RabbitMQ without losing or doubling a message, where there is a broker',
  { timeout: 120_000 },
  (context) => {
    const { rows, remarks } = bench([...onRabbitMq, '--rounds', '1', '--messages', '40']);
    if (rows.length === 0) context.skip(/^No RabbitMQ .*$/m.exec(remarks)?.[0] ?? remarks);
    const subjects = ['twin', 'twin+headers', 'busbar'];
    expect(rows.map(({ scenario, subject }) => ({ scenario, subject }))).toEqual(
      onRabbitMq.flatMap((scenario) => subjects.map((subject) => ({ scenario, subject }))),
    );
    for (const row of rows) {
      expect(row).toMatchObject({ messages: 40, lost: 0, duplicated: 0, rounds: 1 });
    }
    expect(rows.at(-1)).toMatchObject({
      comparisons: [{ twin: 'twin' }, { twin: 'twin+headers' }],
    });
  },
);

test('should say in one line what it skips where there is no broker', () => {
  const url = 'amqp://user:secret@localhost:1';
  const { rows, remarks } = bench(['rabbitmq-consume'], {
    ...process.env,
    BUSBAR_TEST_AMQP_URL: url,
  });
  expect(rows).toEqual([]);
  expect(remarks).toMatch(
    /^No RabbitMQ at localhost:1 .* Skipped: rabbitmq-consume-quorum, rabbitmq-consume-classic\.$/m,
  );
  expect(remarks).not.toContain('secret');
});

test(
  'should measure PostgreSQL without losing or doubling a message',
  { timeout: 120_000 },
  async (context) => {
    // The run's own server does not wait for the disk, and such a one is refused.
    const starting = startPrivatePostgres({ conf: 'fsync = on' });
    await using server = await starting.catch((error: Error) => context.skip(error.message));
    const { rows, remarks } = bench(['postgres', '--rounds', '1', '--messages', '40'], {
      ...process.env,
      BUSBAR_BENCH_POSTGRES_URL: server.url,
    });
    const measured = [...new Set(rows.map(({ scenario }) => scenario))];
    if (!/^No RabbitMQ /m.test(remarks)) {
      expect(measured).toEqual(['postgres-outbox', 'postgres-outbox-pipeline', 'postgres-saga']);
    } else expect(measured).toEqual(['postgres-saga']);
    for (const row of rows) expect(row).toMatchObject({ messages: 40, lost: 0, duplicated: 0 });
  },
);

test('should not measure a PostgreSQL that is not there', () => {
  const { rows, remarks } = bench(['postgres-saga'], {
    ...process.env,
    BUSBAR_BENCH_POSTGRES_URL: 'postgres://user:secret@localhost:1/bench',
  });
  expect(rows).toEqual([]);
  expect(remarks).toMatch(/^No PostgreSQL at localhost:1 .* Skipped: postgres-saga\.$/m);
  expect(remarks).not.toContain('secret');
});
