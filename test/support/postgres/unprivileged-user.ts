import { execFileSync } from 'node:child_process';

/** A user of the operating system, as `spawn` takes one; empty for the user that runs this process. */
export interface ProcessUser {
  readonly uid?: number;
  readonly gid?: number;
}

/** Who runs a server that refuses root: this process's user, and in root's place `postgres` or `nobody`. */
export function unprivilegedUser(): ProcessUser {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres nor nobody');
}

function idOf(which: '-u' | '-g', name: string): number | undefined {
  try {
    const printed = execFileSync('id', [which, name], { stdio: ['ignore', 'pipe', 'ignore'] });
    return Number(printed.toString());
  } catch {
    return undefined;
  }
}
