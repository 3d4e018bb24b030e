import { silentLogger } from '@busbar/core';
import { expect, test, vi } from 'vitest';
import { connect, receive } from './support/connect.ts';
import { toQueue } from './support/messages.ts';
import { temporaryFile } from './support/temporary-file.ts';
import { within } from './support/within.ts';

vi.setConfig({ testTimeout: 90_000 });

vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  watch: () => {
    throw Object.assign(new Error('System limit for number of file watchers reached'), {
      code: 'ENOSPC',
    });
  },
}));

test('should say so once, and look more often instead', async () => {
  using file = temporaryFile();
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (_: object, line: string) => warnings.push(line) };
  await using receiving = await connect({ file: file.path }, { logger });
  await using sending = await connect({ file: file.path, pollMs: 499 });
  await receiving.queues.provision([{ name: 'queue' }]);
  let handled = Promise.withResolvers<void>();
  await receive(receiving, 'queue', () => handled.resolve());
  const latencies: number[] = [];
  for (let sent = 0; sent < 10; sent += 1) {
    handled = Promise.withResolvers();
    const began = performance.now();
    await sending.dispatch([toQueue('queue')]);
    await within(handled.promise, 'the message');
    latencies.push(performance.now() - began);
  }
  expect(Math.min(...latencies)).toBeLessThan(100);
  expect(warnings).toEqual([expect.stringContaining('cannot be watched')]);
});
