import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { within } from '../rabbitmq/bounded-wait.ts';

// It reads until we close its input, which our death does as well. SIGQUIT has the server end its processes and give
// back its shared memory at once; a server that was paused or hangs is killed.
const script = `
while read -r process; do server=$process; done
if [ -n "$server" ]; then
  kill -CONT "$server"; kill -QUIT "$server"
  tries=0
  while kill -0 "$server"; do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || { kill -9 "$server"; break; }
    sleep 0.1
  done
fi 2>/dev/null
tries=0
until rm -rf "$0" 2>/dev/null; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || exit 1
  sleep 0.1
done
`;

/** Ends a server and removes its folder, when asked to or when this process dies in whatever way. */
export class ServerGuard {
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

  /** The server's process; `undefined` once it has ended, for its id may be given again. */
  watch(process: number | undefined): void {
    this.#process.stdin?.write(`${process ?? ''}\n`);
  }

  async end(): Promise<void> {
    this.#process.stdin?.end();
    await within(30_000, `the removal of ${this.#folder}`, this.#exited);
  }
}
