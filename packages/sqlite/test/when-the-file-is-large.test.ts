import { afterEach, expect, test, vi } from 'vitest';
import { StoreFile } from '../src/store/store-file.ts';
import { connectInside, receive } from './support/connect.ts';
import { toQueue, toTopics } from './support/messages.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { within } from './support/within.ts';

vi.setConfig({ testTimeout: 90_000 });

afterEach(() => {
  vi.restoreAllMocks();
});

/** What may look at everything: it is for operators, or happens once in the life of a queue. */
const forOperators = /count\(\*\)|row_number|sqlite_master|PRAGMA|headers ->> \?/;

test('should find messages by an index, whatever it does', async () => {
  using file = temporaryFile();
  const seen = new Set<string>();
  const prepare = StoreFile.prototype.prepare;
  vi.spyOn(StoreFile.prototype, 'prepare').mockImplementation(function (this: StoreFile, sql) {
    seen.add(sql);
    return prepare.call(this, sql);
  });
  const inside = await connectInside({ file: file.path });
  await using connection = inside.connection;
  await connection.queues.provision([
    { name: 'plain' },
    { name: 'ordered', ordered: true },
    { name: 'brief', expiresUnusedMs: 0 },
  ]);
  await connection.subscriptions.subscribe('plain', ['topic']);
  await connection.dispatch([
    toQueue('plain'),
    toQueue('plain', { deliverAt: Date.now() + 20 }),
    toTopics(['topic'], { body: new Uint8Array(5_000) }),
    toQueue('ordered', { partitionKey: 'key' }),
    toQueue('ordered', { partitionKey: 'key' }),
  ]);
  const all = Promise.withResolvers<void>();
  let handled = 0;
  const handle = (): void => {
    handled += 1;
    if (handled === 5) all.resolve();
  };
  await receive(connection, 'plain', handle);
  await receive(connection, 'ordered', handle, { ordered: true });
  await within(all.promise, 'five messages');
  await connection.queues.missing(['plain']);
  await connection.queues.peek('plain', 10);
  await connection.queues.move({ from: 'plain', to: 'ordered', nativeIds: ['1'] });

  const scans: string[] = [];
  for (const sql of seen) {
    if (forOperators.test(sql) || !/busbar_(messages|bodies)/.test(sql)) continue;
    const plan = prepare.call(inside.file, `EXPLAIN QUERY PLAN ${sql}`);
    for (const row of plan.all()) {
      const detail = String(row['detail']);
      if (/SCAN busbar|SCAN \w+messages|TEMP B-TREE/.test(detail)) scans.push(`${sql}: ${detail}`);
    }
  }
  expect(scans).toEqual([]);
  expect(seen.size).toBeGreaterThan(20);
});
