import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { command, pnpm } from './command.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** A package as a user would receive it. */
export interface PublishedPackage {
  readonly name: string;
  readonly tarball: string;
  readonly manifest: Manifest;
  /** What can be imported: "@busbar/core", "@busbar/core/decorators". */
  readonly entries: readonly string[];
}

export function packAll(root: string, target: string): PublishedPackage[] {
  const folders = readdirSync(path.join(root, 'packages')).map((name) =>
    path.join(root, 'packages', name),
  );
  return folders
    .filter((folder) => existsSync(path.join(folder, 'package.json')))
    .filter((folder) => readManifest(folder).private !== true)
    .map((folder) => pack(folder, target));
}

function pack(folder: string, target: string): PublishedPackage {
  const { name } = readManifest(folder);
  const own = path.join(target, path.basename(folder));
  mkdirSync(own, { recursive: true });
  pnpm(['pack', '--pack-destination', own], { cwd: folder });
  const file = readdirSync(own).find((entry) => entry.endsWith('.tgz'));
  if (file === undefined) throw new Error(`pnpm pack made no tarball of ${name}.`);

  const tarball = path.join(own, file);
  command('tar', ['-xzf', tarball, '-C', own], { cwd: own });
  const manifest = readManifest(path.join(own, 'package'));
  const entries = Object.keys(manifest.exports ?? {}).map((entry) => path.posix.join(name, entry));
  return { name, tarball, manifest, entries };
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;
}
