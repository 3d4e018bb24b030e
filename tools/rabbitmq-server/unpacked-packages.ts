import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { command } from '../package-checks/command.ts';

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/**
 * Unpacks packages of a Debian release, with all that they depend on, below a folder. Nothing is installed and none of
 * their scripts runs, so it needs no root and can start no service. apt checks the signatures, as it always does.
 */
export function unpackPackages(release: string, packages: readonly string[], into: string): void {
  const scratch = mkdtempSync(path.join(tmpdir(), 'busbar-apt-'));
  try {
    const inside = (name: string): string => path.join(scratch, name);
    for (const name of ['state', 'lists/partial', 'archives/partial']) {
      mkdirSync(inside(name), { recursive: true });
    }
    writeFileSync(inside('status'), '');
    const signed = existsSync(keyring) ? `[signed-by=${keyring}] ` : '';
    writeFileSync(inside('sources.list'), `deb ${signed}${mirror()} ${release} main\n`);
    // Everything else, such as a proxy, is what the machine is configured with.
    const settings = {
      'Dir::Etc::sourcelist': inside('sources.list'),
      'Dir::Etc::sourceparts': '/dev/null',
      'Dir::Etc::preferencesparts': '/dev/null',
      'Dir::State': inside('state'),
      'Dir::State::lists': inside('lists'),
      'Dir::State::status': inside('status'),
      'Dir::Cache': scratch,
      'Dir::Cache::archives': inside('archives'),
      'APT::Sandbox::User': '',
      'APT::Install-Recommends': 'false',
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    apt([...options, 'update']);
    apt([...options, '--yes', '--download-only', 'install', ...packages]);
    mkdirSync(into, { recursive: true });
    for (const archive of globSync(inside('archives/*.deb'))) {
      command('dpkg-deb', ['--extract', archive, into], { cwd: scratch });
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function apt(args: readonly string[]): void {
  command('apt-get', ['-qq', ...args], { cwd: '/', env: { DEBIAN_FRONTEND: 'noninteractive' } });
}

/** Where this machine has its own release from; the others are beside it. */
function mirror(): string {
  const { ID, VERSION_CODENAME } = parseEnv(readFileSync('/etc/os-release', 'utf8'));
  if (ID !== 'debian') throw new Error(`This unpacks packages of Debian, and here is ${ID}.`);
  const format = '$(REPO_URI) $(RELEASE)';
  const targets = command('apt-get', ['indextargets', '--format', format], { cwd: '/' });
  for (const line of targets.split('\n')) {
    const [uri, release] = line.split(' ');
    if (uri !== undefined && release === VERSION_CODENAME) return uri;
  }
  throw new Error(`apt has no source for ${VERSION_CODENAME}: see /etc/apt/sources.list.d.`);
}
