import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export const root = path.resolve(import.meta.dirname, '../..');

const projects = ['examples/01-hello', 'examples/03-retail'];
const longestBuildMs = 120_000;

/**
 * Builds the examples and what they need, as `npm run demo` does. Test files run side by side, and nobody may run what
 * another one is just writing: a locked database lets one build and the others wait, and a dead process lets go of it.
 */
export function buildExamples(): void {
  const folder = path.join(root, 'node_modules/.cache');
  mkdirSync(folder, { recursive: true });
  const lock = new DatabaseSync(path.join(folder, 'build-examples.lock'), {
    timeout: longestBuildMs,
  });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const built = spawnSync(process.execPath, [tsc, '-b', ...projects], {
      cwd: root,
      encoding: 'utf8',
    });
    if (built.status !== 0) throw new Error(`The examples do not build:\n${built.stdout}`);
  } finally {
    lock.close();
  }
}
