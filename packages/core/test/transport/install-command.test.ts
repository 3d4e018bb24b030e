import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { installCommand } from '../../src/transport/install-command.ts';

const root = await mkdtemp(join(tmpdir(), 'busbar-install-'));
afterAll(() => rm(root, { recursive: true, force: true }));

test.each([
  ['pnpm-lock.yaml', 'pnpm add x'],
  ['yarn.lock', 'yarn add x'],
  ['bun.lock', 'bun add x'],
  ['package-lock.json', 'npm install x'],
])('should go by the lockfile %s, wherever above the application it is', async (file, command) => {
  const application = join(root, file, 'apps', 'shop');
  await mkdir(application, { recursive: true });
  await writeFile(join(root, file, file), '');
  expect(installCommand('x', application, 'yarn/4.0.0 npm/? node/v24.0.0')).toBe(command);
});

test.each([
  ['pnpm/10.4.1 npm/? node/v24.0.0', 'pnpm add x'],
  ['npm/11.0.0 node/v24.0.0', 'npm install x'],
  ['deno/3.0.0', 'npm install x'],
  ['', 'npm install x'],
])('should go by the user agent %j where there is no lockfile', (userAgent, command) => {
  // Only there nothing can be above.
  expect(installCommand('x', parse(root).root, userAgent)).toBe(command);
});
