import { mkdirSync, rmSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { connect, receive } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { within } from './support/within.ts';

vi.setConfig({ testTimeout: 90_000 });

test('should deliver within a second all the same', async () => {
  using file = temporaryFile();
  await using receiving = await connect({ file: file.path });
  // Another setting makes another store, as another process would.
  await using sending = await connect({ file: file.path, pollMs: 400 });
  await receiving.queues.provision([{ name: 'queue' }]);
  const handled = Promise.withResolvers<void>();
  await receive(receiving, 'queue', () => handled.resolve());
  const hint = `${file.path}-live/hint`;
  rmSync(hint);
  // Nothing can be written to it, and nothing is told of it.
  mkdirSync(hint);
  await sending.dispatch([toQueue('queue')]);
  const confirmed = performance.now();
  await within(handled.promise, 'the message');
  expect(performance.now() - confirmed).toBeLessThan(1_000);
});

test('should find a new hint file when somebody has removed the old one', async () => {
  using file = temporaryFile();
  await using receiving = await connect({ file: file.path, pollMs: 1_000 });
  await using sending = await connect({ file: file.path, pollMs: 400 });
  await receiving.queues.provision([{ name: 'queue' }]);
  let handled = Promise.withResolvers<void>();
  await receive(receiving, 'queue', () => handled.resolve());
  rmSync(`${file.path}-live`, { recursive: true });
  const latencies: number[] = [];
  for (let sent = 0; sent < 5; sent += 1) {
    handled = Promise.withResolvers();
    const began = performance.now();
    await sending.dispatch([toQueue('queue')]);
    await within(handled.promise, 'the message');
    latencies.push(performance.now() - began);
  }
  // The first may have to wait for the next look; from then on there is a hint again.
  expect(Math.min(...latencies.slice(1))).toBeLessThan(200);
});
