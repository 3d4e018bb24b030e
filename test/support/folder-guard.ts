import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { within } from './rabbitmq/bounded-wait.ts';

const removeFolder = `
tries=0
until rm -rf "$0" 2>/dev/null; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || exit 1
  sleep 0.1
done
`;

/**
 * Ends what works in a folder and removes that, when asked to or when this process dies in whatever way. It is in a group of
 * its own, so that pausing what it guards does not pause it.
 */
export class FolderGuard {
  readonly #process: ChildProcess;
  readonly #folder: string;
  readonly #exited: Promise<unknown>;

  /**
   * @param ending A script of the shell that reads what it is told, line by line, until its input is closed, which our death
   * does as well; and then ends what it was told of.
   */
  constructor(folder: string, ending: string) {
    this.#folder = folder;
    this.#process = spawn('sh', ['-c', ending + removeFolder, folder], {
      detached: true,
      cwd: '/',
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // A guard that somebody killed must not take the tests along.
    this.#process.stdin?.on('error', () => {});
    this.#exited = once(this.#process, 'exit');
    this.#process.unref();
  }

  tell(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  async end(): Promise<void> {
    this.#process.stdin?.end();
    await within(30_000, `the removal of ${this.#folder}`, this.#exited);
  }
}
