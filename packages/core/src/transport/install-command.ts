import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

const lockfiles = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
] as const;

/**
 * The command that adds `packageName` to the application in `directory`, for the package manager whose lockfile is
 * there or above; without one, for the package manager that runs this process.
 */
export function installCommand(
  packageName: string,
  directory: string,
  userAgent = process.env['npm_config_user_agent'],
): string {
  const manager = managerByLockfile(directory) ?? managerByUserAgent(userAgent) ?? 'npm';
  return `${manager} ${manager === 'npm' ? 'install' : 'add'} ${packageName}`;
}

function managerByLockfile(directory: string): string | undefined {
  for (let at = directory; ; at = dirname(at)) {
    const found = lockfiles.find(([file]) => existsSync(join(at, file)));
    if (found !== undefined) return found[1];
    if (dirname(at) === at) return undefined;
  }
}

/** The user agent begins with the name and version of the package manager: `pnpm/10.4.1 npm/? node/v24.0.0`. */
function managerByUserAgent(userAgent: string | undefined): string | undefined {
  const name = userAgent?.split('/')[0];
  return lockfiles.find(([, manager]) => manager === name)?.[1];
}
