import { expect, test, vi } from 'vitest';
import { connectInside, receive } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { until, within } from './support/within.ts';

vi.setConfig({ testTimeout: 90_000 });

test('should refuse what does not fit, lose nothing and recover by itself', async () => {
  using file = temporaryFile();
  const criticals: Error[] = [];
  const inside = await connectInside(
    { file: file.path },
    { onCritical: (error) => criticals.push(error) },
  );
  await using connection = inside.connection;
  await connection.queues.provision([{ name: 'queue' }]);
  const limit = inside.file.prepare('PRAGMA page_count').get()?.['page_count'] as number;
  // From here on SQLite says what it says on a full disk: SQLITE_FULL.
  inside.file.exec(`PRAGMA max_page_count = ${limit + 40}`);

  const confirmed: string[] = [];
  const refusals: unknown[] = [];
  for (let number = 0; refusals.length < 3; number += 1) {
    const ids = [`${number}-a`, `${number}-b`];
    const outcomes = await Promise.allSettled(
      ids.map((id) => connection.dispatch([toQueue('queue', { id, body: new Uint8Array(9_000) })])),
    );
    for (const [index, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') refusals.push(outcome.reason);
      else confirmed.push(ids[index] as string);
    }
  }
  expect(confirmed.length).toBeGreaterThan(5);
  expect(refusals[0]).toMatchObject({
    code: 'TRANSPORT_UNAVAILABLE',
    message: expect.stringMatching(/bus\.db cannot grow, because the disk is full/),
  });
  expect(connection.health()).toMatchObject({
    connected: false,
    problem: expect.stringContaining('the disk is full'),
  });
  expect(criticals).toHaveLength(1);

  inside.file.exec('PRAGMA max_page_count = 1000000');
  await until(() => connection.health().connected, 'the probe finds space');
  const handled: string[] = [];
  await receive(connection, 'queue', ({ headers }) => {
    handled.push(headers['busbar-message-id'] as string);
  });
  await within(
    until(() => handled.length >= confirmed.length, 'all are handled'),
    () => `${handled.length} of ${confirmed.length}`,
  );
  expect(handled).toEqual(confirmed);
  expect(await connection.dispatch([toQueue('queue')])).toMatchObject([{ outcome: 'confirmed' }]);
});

test('should let a small message through where a large one of the same tick does not fit', async () => {
  using file = temporaryFile();
  const inside = await connectInside({ file: file.path }, { onCritical: () => {} });
  await using connection = inside.connection;
  await connection.queues.provision([{ name: 'queue' }]);
  const pages = inside.file.prepare('PRAGMA page_count').get()?.['page_count'] as number;
  inside.file.exec(`PRAGMA max_page_count = ${pages + 20}`);
  const [large, small] = await Promise.allSettled([
    connection.dispatch([toQueue('queue', { body: new Uint8Array(1_000_000) })]),
    connection.dispatch([toQueue('queue', { id: 'small' })]),
  ]);
  expect(large.status).toBe('rejected');
  expect(small).toMatchObject({ status: 'fulfilled', value: [{ outcome: 'confirmed' }] });
});
