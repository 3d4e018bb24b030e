import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { command, pnpm } from './command.ts';
import type { PublishedPackage } from './published-package.ts';

/** Versions for what users bring themselves: the ones that the workspace is tested with. */
export type PeerVersions = (name: string) => string;

// A user who compiles has the types of Node and pg, and vitest in turn asks for vite.
const usersOwn = ['@types/node', '@types/pg', 'vite'];

/** An empty project that depends on every published package and on the peers they ask for. */
export function makeProject(
  folder: string,
  packages: readonly PublishedPackage[],
  versions: PeerVersions,
): void {
  mkdirSync(folder, { recursive: true });
  const own = Object.fromEntries(packages.map((each) => [each.name, `file:${each.tarball}`]));
  const peers = packages
    .flatMap((each) => Object.keys(each.manifest.peerDependencies ?? {}))
    .filter((name) => !(name in own));
  const dependencies = {
    ...Object.fromEntries([...peers, ...usersOwn].map((name) => [name, versions(name)])),
    ...own,
  };
  const manifest = { name: 'user', private: true, type: 'module', dependencies };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
}

export function installWithNpm(folder: string): void {
  command('npm', ['install', '--no-audit', '--no-fund', '--strict-peer-deps'], { cwd: folder });
}

/** Nothing hoisted and no peer added silently: a package that reaches for what it does not declare fails here. */
export function installWithPnpm(folder: string): void {
  const settings = ['hoist: false', 'strictPeerDependencies: true', 'autoInstallPeers: false'];
  const more = ['verifyDepsBeforeRun: false', 'strictDepBuilds: false'];
  writeFileSync(path.join(folder, 'pnpm-workspace.yaml'), `${[...settings, ...more].join('\n')}\n`);
  pnpm(['install', '--no-frozen-lockfile'], { cwd: folder });

  const stored = readdirSync(path.join(folder, 'node_modules/.pnpm'));
  const copies = stored.filter((name) => name.startsWith('@busbar+core@'));
  if (copies.length !== 1)
    throw new Error(`An application gets ${copies.length} copies of the core.`);
}

/** Imports each entry in a process of its own, so that none leans on what another one loaded. */
export function importEntries(
  folder: string,
  node: string,
  packages: readonly PublishedPackage[],
): void {
  for (const { manifest, entries } of packages) {
    const inVitest = 'vitest' in (manifest.peerDependencies ?? {});
    for (const entry of entries) (inVitest ? importInVitest : importAlone)(folder, node, entry);
  }
}

function importAlone(folder: string, node: string, entry: string): void {
  const code = `await import('${entry}')`;
  command(node, ['--input-type=module', '--eval', code], { cwd: folder });
}

// Vitest's functions can be imported only while vitest runs.
function importInVitest(folder: string, node: string, entry: string): void {
  const lines = [`import { test } from 'vitest';`, `test('imports', () => import('${entry}'));`];
  writeFileSync(path.join(folder, 'imports.test.js'), `${lines.join('\n')}\n`);
  const vitest = path.join(folder, 'node_modules/vitest/vitest.mjs');
  command(node, [vitest, 'run'], { cwd: folder });
}

/**
 * Type-checks a file that imports every entry, with nothing skipped and without our own conditions. What the declarations of
 * other libraries have against themselves (Drizzle's want drivers that nobody here has) is theirs.
 */
export function typeCheck(
  folder: string,
  tsc: string,
  moduleResolution: 'nodenext' | 'bundler',
  packages: readonly PublishedPackage[],
): void {
  const entries = packages.flatMap((each) => each.entries);
  const lines = entries.map((entry, index) => `import * as entry${index} from '${entry}';`);
  const uses = entries.map((_, index) => `void entry${index};`);
  writeFileSync(path.join(folder, 'user.ts'), `${[...lines, ...uses].join('\n')}\n`);
  const compilerOptions = {
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable', 'esnext.decorators'],
    module: moduleResolution === 'nodenext' ? 'nodenext' : 'esnext',
    moduleResolution,
    types: ['node'],
    strict: true,
    noEmit: true,
  };
  const config = { compilerOptions, files: ['user.ts'] };
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config, null, 2));
  const ours = diagnostics(tsc, folder).filter(
    (line) => !/^node_modules\/(?!@busbar\/)/.test(line),
  );
  if (ours.length > 0) throw new Error(ours.join('\n'));
}

/** The first lines of what the compiler has to say. */
function diagnostics(tsc: string, folder: string): readonly string[] {
  try {
    command(tsc, ['-p', folder], { cwd: folder });
    return [];
  } catch (error) {
    const lines = asText(error).split('\n');
    const found = lines.filter((line) => / error TS\d+: /.test(line));
    // It ended in some other way than by finding errors.
    return found.length > 0 ? found : lines;
  }
}

function asText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
