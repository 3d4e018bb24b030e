import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { transportFrom } from '@busbar/core';
import { afterAll, expect, test } from 'vitest';

const outside = mkdtempSync(path.join(tmpdir(), 'busbar-transport-from-'));
afterAll(() => rmSync(outside, { recursive: true, force: true }));

/** A main module that stands where neither the core nor an adapter is installed. */
const launcher = path.join(outside, 'launcher.ts');
const core = path.join(import.meta.dirname, '../../../packages/core/src/index.ts');
writeFileSync(path.join(outside, 'pnpm-lock.yaml'), '');
writeFileSync(
  launcher,
  `import { transportFrom } from ${JSON.stringify(core)};
   await transportFrom('sqlite:never-opened.db').load().then(
     (transport) => process.stdout.write(transport.address),
     (error) => process.stdout.write(error.message),
   );`,
);

/** What a process of its own prints. */
function run(main: string, cwd: string): string {
  const args = ['--conditions=@busbar/source', '--no-warnings', main];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  return `${stdout}${stderr}`;
}

// The workspace is laid out strictly: this folder sees the adapter, and the core, which loads it, does not.
test('should load it from here, with the core that the test runs on', async () => {
  const transport = await transportFrom('sqlite:never-opened.db', { from: import.meta.url }).load();
  expect(transport).toMatchObject({ name: 'sqlite', address: 'sqlite:never-opened.db' });
});

test('should find it from the main module, wherever the process was started', () => {
  const main = path.join(import.meta.dirname, 'application.ts');
  expect(run(main, outside)).toBe('sqlite:never-opened.db');
});

test('should find it from the working directory when the main module is elsewhere', () => {
  expect(run(launcher, import.meta.dirname)).toBe('sqlite:never-opened.db');
});

test('should say how to install it when it is found from nowhere', () => {
  expect(run(launcher, outside)).toMatch(
    /^@busbar\/sqlite is not installed\. Run `pnpm add @busbar\/sqlite`.*\[MISSING_PACKAGE\]$/,
  );
});
