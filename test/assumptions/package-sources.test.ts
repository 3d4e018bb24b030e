import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';

const source = /packages\/core\/src\/index\.ts$/;
const reporter = fileURLToPath(new URL('resolved-core.ts', import.meta.url));

test('should read the packages from their sources in a test', async () => {
  expect(import.meta.resolve('@busbar/core')).toMatch(source);
  const { errorCodes } = { errorCodes: Object.keys(await import('@busbar/core')) };
  expect(errorCodes).toContain('BusbarError');
});

test('should read them from their sources in a worker thread', async () => {
  await using worker = new Worker(reporter);
  const [resolved] = (await once(worker, 'message')) as [string];
  expect(resolved).toMatch(source);
});

test('should read them from their sources in a child process', async () => {
  const child = fork(reporter);
  const [resolved] = (await once(child, 'message')) as [string];
  expect(resolved).toMatch(source);
});
