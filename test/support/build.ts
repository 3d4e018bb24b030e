import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export const root = path.resolve(import.meta.dirname, '../..');

const longestBuildMs = 120_000;

/**
 * Builds projects with what they need and gives what the compiler had to say; nothing when all is well. Test files run
 * side by side, and nobody may run what another one is just writing: a locked database lets one build and the others
 * wait, and a dead process lets go of it.
 */
export function build(projects: readonly string[]): string {
  const folder = path.join(root, 'node_modules/.cache');
  mkdirSync(folder, { recursive: true });
  const lock = new DatabaseSync(path.join(folder, 'build.lock'), { timeout: longestBuildMs });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const args = [tsc, '--build', '--pretty', 'false', ...projects];
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    return status === 0 ? '' : stdout || `tsc ended with ${status}`;
  } finally {
    lock.close();
  }
}
