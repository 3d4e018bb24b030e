import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Longer than a service that hangs needs to end itself. */
const stopsWithinMs = 10_000;
const mostRestarts = 3;

export interface ServiceProcessOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Gets all that the service prints. */
  readonly logFile: string;
  /** Tells that the service died and was started again. */
  readonly onRestart: (what: string) => void;
  /** Tells that it died too often and stays down. */
  readonly onGivenUp: (what: string) => void;
}

/** A service in a process of its own. One that dies is started again: its messages wait for it. */
export class ServiceProcess {
  readonly #name: string;
  readonly #options: ServiceProcessOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #restarts = 0;
  #stopping = false;

  constructor(name: string, options: ServiceProcessOptions) {
    this.#name = name;
    this.#options = options;
  }

  start(): void {
    const name = this.#name;
    const { env, logFile } = this.#options;
    const program = fileURLToPath(new URL(`../${name}/${name}.js`, import.meta.url));
    const log = openSync(logFile, 'a');
    // The channel is there to be closed: by that a service notices that this process is gone.
    const child = fork(program, { env, stdio: ['ignore', log, log, 'ipc'] });
    closeSync(log);
    this.#child = child;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    child.once('exit', (code, signal) => {
      resolve();
      this.#exited(`${name} (pid ${child.pid}) ended with ${signal ?? `exit code ${code}`}`);
    });
    child.once('error', (error) => {
      resolve();
      if (child.pid === undefined) this.#exited(`${name} could not be started: ${error.message}`);
    });
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const child = this.#child;
    if (child === undefined) return;
    child.kill('SIGTERM');
    const hangs = setTimeout(() => child.kill('SIGKILL'), stopsWithinMs);
    await this.#ended;
    clearTimeout(hangs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #exited(what: string): void {
    this.#child = undefined;
    if (this.#stopping) return;
    const { onRestart, onGivenUp, logFile } = this.#options;
    if (this.#restarts === mostRestarts) {
      onGivenUp(`${what}, as it did ${mostRestarts} times before; see ${logFile}.`);
      return;
    }
    this.#restarts += 1;
    this.start();
    onRestart(`${what} and is started again (${this.#restarts} of ${mostRestarts}).`);
  }
}
