import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { within } from './bounded-wait.ts';

// It reads until we close its input, which our death does as well, and then kills the groups that it was told of.
// It is in a group of its own, so that pausing a broker does not pause it.
const script = `
while read -r name group; do
  case $name in
    epmd) epmd=$group ;;
    server) server=$group ;;
  esac
done
for group in $server $epmd; do kill -9 -"$group"; done 2>/dev/null
tries=0
until rm -rf "$0" 2>/dev/null; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || exit 1
  sleep 0.1
done
`;

/** Ends process groups and removes a folder, when asked to or when this process dies in whatever way. */
export class ProcessGuard {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #exited: Promise<unknown>;

  constructor(folder: string) {
    this.#folder = folder;
    this.#process = spawn('sh', ['-c', script, folder], {
      detached: true,
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // A guard that somebody killed must not take the tests along.
    this.#process.stdin?.on('error', () => {});
    this.#exited = once(this.#process, 'exit');
    this.#process.unref();
  }

  /** The group of a process that was started `detached`; `undefined` once it has ended, for its id may be given again. */
  watch(name: 'server' | 'epmd', group: number | undefined): void {
    this.#process.stdin?.write(`${name} ${group ?? ''}\n`);
  }

  async end(): Promise<void> {
    this.#process.stdin?.end();
    await within(30_000, `the removal of ${this.#folder}`, this.#exited);
  }
}
