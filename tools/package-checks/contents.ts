import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { command } from './command.ts';
import type { PublishedPackage } from './published-package.ts';

const bin = path.join(import.meta.dirname, 'node_modules/.bin');

/** What can be told from the tarball alone. */
export function checkContents(published: PublishedPackage): void {
  const { name, tarball, manifest } = published;
  const cwd = path.dirname(tarball);
  const unpacked = path.join(cwd, 'package');

  for (const file of ['LICENSE', 'README.md']) {
    if (!existsSync(path.join(unpacked, file))) throw new Error(`${name} ships no ${file}.`);
  }
  if (existsSync(path.join(unpacked, 'dist/.tsbuildinfo'))) {
    throw new Error(`${name} ships dist/.tsbuildinfo: add "!dist/.tsbuildinfo" to its files.`);
  }
  if (JSON.stringify(manifest).includes('@busbar/source')) {
    throw new Error(
      `${name} still names the condition @busbar/source: publishConfig.exports must list the same entries without it.`,
    );
  }
  if (/"(workspace|catalog):/.test(JSON.stringify(manifest))) {
    throw new Error(`${name} still has workspace: or catalog: versions.`);
  }
  const stale = builtWithoutSource(unpacked);
  if (stale.length > 0) {
    throw new Error(
      `${name}: left by an older build, delete dist and build again: ${stale.join(', ')}`,
    );
  }
  command(path.join(bin, 'publint'), ['run', '--strict', tarball], { cwd });
  command(path.join(bin, 'attw'), [tarball, '--profile', 'esm-only', '--no-emoji'], { cwd });
}

// tsc leaves what it once wrote, and so would a package ship files whose source is gone.
function builtWithoutSource(unpacked: string): string[] {
  const dist = path.join(unpacked, 'dist');
  const built = readdirSync(dist, { recursive: true, encoding: 'utf8' });
  return built
    .filter((file) => file.endsWith('.js'))
    .filter((file) => !existsSync(path.join(unpacked, 'src', file.replace(/\.js$/, '.ts'))));
}
