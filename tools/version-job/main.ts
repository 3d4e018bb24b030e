import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

// What each version has to pass. 22 is the oldest that the packages promise, so it gets all that users run into.
const projects: Readonly<Record<string, readonly string[]>> = {
  '22': ['unit', 'conformance', 'acceptance', 'decorators-*'],
  '26': ['unit', 'conformance', 'decorators-*'],
};

const [version = '', ...rest] = process.argv.slice(2);
const chosen = projects[version];
if (chosen === undefined) {
  throw new Error(`Name a Node version: ${Object.keys(projects).join(' or ')}.`);
}

const root = path.resolve(import.meta.dirname, '../..');
const bin = path.join(root, `tools/node-${version}/node_modules/.bin`);
const node = path.join(bin, 'node');
if (!existsSync(node)) {
  throw new Error(
    `No Node ${version} for ${process.platform}-${process.arch} was installed (there is one for Linux). ` +
      `Start vitest with a Node ${version} of your own: node node_modules/vitest/vitest.mjs run`,
  );
}

// First on the path as well, so that a test which starts "node" by name stays on this version.
const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env['PATH'] ?? ''}` };
const found = spawnSync(node, ['--version'], { env, encoding: 'utf8' }).stdout.trim();
if (!found.startsWith(`v${version}.`)) {
  throw new Error(`Expected Node ${version}, found "${found}".`);
}
console.log(`Node ${found}`);

const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
const args = [vitest, 'run', ...chosen.flatMap((name) => ['--project', name]), ...rest];
process.exitCode = spawnSync(node, args, { cwd: root, env, stdio: 'inherit' }).status ?? 1;
