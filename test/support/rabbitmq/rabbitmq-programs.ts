import { execFile, execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

/** The major versions that the transport is tested with. */
export type RabbitMajor = '3' | '4';

/** Where the programs of one installation are. */
export interface RabbitPrograms {
  /** Holds `rabbitmq-server` and `rabbitmqctl`. */
  readonly folder: string;
  readonly epmd: string;
  readonly version: string;
}

const server = 'rabbitmq-server';

/** Where `tools/rabbitmq-server` puts what it unpacks. */
export function unpackedPrograms(major: RabbitMajor): string {
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache');
  return path.join(cache, 'busbar', `rabbitmq-${major}`, 'bin');
}

/** An installation of that major version, or of any: `RABBITMQ_BIN`, the package's, one on the path, an unpacked one. */
export async function findPrograms(major?: RabbitMajor): Promise<RabbitPrograms> {
  const refused: string[] = [];
  for (const folder of candidates(major)) {
    const version = await versionIn(folder);
    if (new RegExp(`^${major ?? '\\d+'}\\.`).test(version)) {
      return { folder, version, epmd: findEpmd(folder) };
    }
    refused.push(`${folder} has ${version}`);
  }
  const seen = refused.length === 0 ? '' : ` (${refused.join(', ')})`;
  throw new Error(
    `No RabbitMQ${major === undefined ? '' : ` ${major}`} on this machine${seen}: ${unpacking(major)}, ` +
      'or install one and let RABBITMQ_BIN name the folder of its rabbitmq-server.',
  );
}

/** What to do when there is none. */
export function unpacking(major: RabbitMajor | undefined): string {
  return `run \`node tools/rabbitmq-server/main.ts ${major ?? '3'}\` on Debian`;
}

function candidates(major: RabbitMajor | undefined): string[] {
  const named = process.env['RABBITMQ_BIN'];
  if (named !== undefined && !isProgram(path.join(named, server))) {
    throw new Error(`RABBITMQ_BIN is "${named}", which holds no program ${server}.`);
  }
  const unpacked: RabbitMajor[] = major === undefined ? ['3', '4'] : [major];
  const installed = packaged() ?? onPath(server);
  const folders = [named, installed, ...unpacked.map((each) => unpackedPrograms(each))];
  const given = folders.filter((folder) => folder !== undefined);
  return [...new Set(given)].filter((folder) => isProgram(path.join(folder, server)));
}

// The package's real scripts. What it puts on the path insists on the user rabbitmq and on its own folders.
function packaged(): string | undefined {
  try {
    const printed = execFileSync('dpkg', ['-L', server], { stdio: ['ignore', 'pipe', 'ignore'] });
    const files = printed.toString().split('\n');
    return files.find((file) => file.endsWith('/lib/rabbitmq/bin'));
  } catch {
    return undefined;
  }
}

function onPath(program: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return folders.find((folder) => folder !== '' && isProgram(path.join(folder, program)));
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const versions = new Map<string, Promise<string>>();

function versionIn(folder: string): Promise<string> {
  const known = versions.get(folder) ?? askForVersion(folder);
  versions.set(folder, known);
  return known;
}

async function askForVersion(folder: string): Promise<string> {
  const installed = /rabbitmq_server-(\d+\.\d+[^/]*)/.exec(realpathSync(path.join(folder, server)));
  if (installed?.[1] !== undefined) return installed[1];
  const program = path.join(folder, 'rabbitmqctl');
  try {
    const { stdout } = await promisify(execFile)(program, ['version'], { timeout: 30_000 });
    return stdout.trim();
  } catch (error) {
    return `a rabbitmqctl that fails (${String(error)})`;
  }
}

function findEpmd(folder: string): string {
  const beside = path.join(folder, 'epmd');
  if (existsSync(beside)) return beside;
  const other = onPath('epmd');
  if (other !== undefined) return path.join(other, 'epmd');
  throw new Error(
    `RabbitMQ is in ${folder}, but there is no epmd on the path: it is part of Erlang.`,
  );
}
