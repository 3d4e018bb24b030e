import { existsSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { HolderLock, holderState } from '../src/store/holder-lock.ts';
import { Child } from './support/child.ts';
import { connect } from './support/connect.ts';
import { temporaryFile } from './support/temporary-file.ts';

vi.setConfig({ testTimeout: 90_000 });

test('should tell the living from the dead', async () => {
  using file = temporaryFile();
  const live = join(file.folder, 'live');
  const lock = new HolderLock(live, 7);
  expect(holderState(live, 7)).toBe('alive');
  expect(holderState(live, 8)).toBe('unknown');
  rmSync(live, { recursive: true });
  expect(holderState(live, 7)).toBe('unknown');
  lock.renew();
  expect(holderState(live, 7)).toBe('alive');
  lock.release();
  expect(readdirSync(live)).toEqual([]);
});

test('should find a killed process dead at once, and clear up behind it', async () => {
  using file = temporaryFile();
  const live = `${file.path}-live`;
  await using connection = await connect({ file: file.path });
  await connection.queues.provision([{ name: 'slow' }]);
  writeFileSync(join(live, 'old.lock'), '');
  utimesSync(join(live, 'old.lock'), 1, 1);
  writeFileSync(join(live, 'young.lock'), '');
  const before = new Set(readdirSync(live));
  await using child = new Child('slow', file.path);
  await child.report('started');
  const [lock = ''] = readdirSync(live).filter((name) => !before.has(name) && name !== 'hint');
  const id = Number.parseInt(lock, 36);
  expect(holderState(live, id)).toBe('alive');
  await child.kill();
  expect(holderState(live, id)).toBe('dead');
  // Whoever opens the file next finds it.
  await using next = await connect({ file: file.path, pollMs: 499 });
  await next.queues.provision([{ name: 'fence' }]);
  expect(existsSync(join(live, lock))).toBe(false);
  // Of no process on the list; the young one may be of one that is about to start.
  expect(existsSync(join(live, 'old.lock'))).toBe(false);
  expect(existsSync(join(live, 'young.lock'))).toBe(true);
});
