import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { until, within } from '../../../support/rabbitmq/bounded-wait.ts';

/** What the process needs to know. */
export interface WorkerArguments {
  readonly url: string;
  readonly run: string;
  /** Where it writes down what it does. */
  readonly file: string;
}

const limitMs = 30_000;

/** A worker in a process that may be killed. */
export class WorkerProcess implements AsyncDisposable {
  readonly #file: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;

  static async start(given: WorkerArguments): Promise<WorkerProcess> {
    const worker = new WorkerProcess(given);
    const early = worker.#exited.then(() => {
      throw new Error('The worker process ended before it had started.');
    });
    const started = once(worker.#process, 'message');
    await within(limitMs, 'a worker process to start', Promise.race([started, early]));
    return worker;
  }

  private constructor(given: WorkerArguments) {
    this.#file = given.file;
    const main = fileURLToPath(new URL('children/worker.ts', import.meta.url));
    this.#process = fork(main, [JSON.stringify(given)]);
    this.#exited = once(this.#process, 'exit');
    this.#exited.catch(() => {});
  }

  /** What it began, in order. */
  get begun(): number[] {
    return this.#numbers('begun');
  }

  /** What it had begun when it died, and had not published. */
  get unfinished(): number[] {
    const ended = new Set(this.#numbers('ended'));
    return this.begun.filter((number) => !ended.has(number));
  }

  /** As `kill -9` does. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await within(limitMs, 'the end of a killed worker process', this.#exited);
  }

  /** Between two messages there may be nothing to lose: it is held still to see, and let go on until there is. */
  async killAtWork(): Promise<void> {
    await until(limitMs, 'a worker process to be at work', () => {
      this.#process.kill('SIGSTOP');
      if (this.unfinished.length > 0) return true;
      this.#process.kill('SIGCONT');
      return false;
    });
    await this.kill();
  }

  /** In order. */
  async stop(): Promise<void> {
    this.#process.send('stop');
    await within(limitMs, 'a worker process to stop', this.#exited);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await this.kill();
  }

  #numbers(what: string): number[] {
    if (!existsSync(this.#file)) return [];
    const lines = readFileSync(this.#file, 'utf8').split('\n').slice(0, -1);
    const words = lines.map((line) => line.split(' '));
    return words.filter(([word]) => word === what).map(([, number]) => Number(number));
  }
}
