import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { checkContents } from './contents.ts';
import {
  importEntries,
  installWithNpm,
  installWithPnpm,
  makeProject,
  typeCheck,
} from './installed.ts';
import { packAll } from './published-package.ts';
import { loadByUrl } from './transport-from.ts';

// Packs what would be published and uses it as strangers do, outside of this repository.
const root = path.resolve(import.meta.dirname, '../..');
const work = mkdtempSync(path.join(tmpdir(), 'busbar-packages-'));
const node22 = path.join(root, 'tools/node-22/node_modules/.bin/node');
const tsc = path.join(root, 'node_modules/.bin/tsc');

function installedVersion(name: string): string {
  for (const owner of ['.', 'packages/conformance', 'packages/inversify', 'packages/postgres']) {
    try {
      const file = path.join(root, owner, 'node_modules', name, 'package.json');
      return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
    } catch {
      // Not a dependency of this one; the next may have it.
    }
  }
  throw new Error(
    `The peer ${name} is not installed in the workspace, so no version of it is tested.`,
  );
}

let failed = 0;
function check(name: string, run: () => void): void {
  const start = performance.now();
  try {
    run();
    console.log(`ok      ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error instanceof Error ? error.message : String(error)}`);
  }
}

try {
  const packages = packAll(root, path.join(work, 'packed'));
  for (const published of packages) {
    check(`${published.name}: manifest and types`, () => checkContents(published));
  }

  const npmUser = path.join(work, 'npm-user');
  makeProject(npmUser, packages, (name) => installedVersion(name));
  check('installs with npm', () => installWithNpm(npmUser));
  check('every entry imports on Node 24', () => importEntries(npmUser, process.execPath, packages));
  check('every entry imports on Node 22', () => importEntries(npmUser, node22, packages));
  check('adapters load by URL', () => loadByUrl(npmUser, process.execPath, 'npm install'));
  for (const resolution of ['nodenext', 'bundler'] as const) {
    check(`types check (${resolution})`, () => typeCheck(npmUser, tsc, resolution, packages));
  }

  const pnpmUser = path.join(work, 'pnpm-user');
  makeProject(pnpmUser, packages, (name) => installedVersion(name));
  check('installs with pnpm, strictly', () => installWithPnpm(pnpmUser));
  check('every entry imports from there', () =>
    importEntries(pnpmUser, process.execPath, packages),
  );
  check('adapters load by URL from there', () => loadByUrl(pnpmUser, process.execPath, 'pnpm add'));
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
