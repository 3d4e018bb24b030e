import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { within } from '../../../../../test/support/rabbitmq/bounded-wait.ts';
import type { RabbitMqTransportOptions } from '../../../src/rabbitmq-options.ts';

const program = fileURLToPath(new URL('process.ts', import.meta.url));

/** A process with a link; see `process.ts`. */
export class Child implements Disposable {
  /** What it printed, errors included. */
  readonly lines: string[] = [];
  readonly #process: ChildProcess;
  readonly #exited: Promise<number | null>;
  #check = (): void => {};

  constructor(url: string, options: RabbitMqTransportOptions, end: 'close' | 'stay') {
    const args = ['--conditions=@busbar/source', program, url, JSON.stringify(options), end];
    this.#process = spawn(process.execPath, args, { stdio: 'pipe' });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.lines.push(...text.split('\n').filter((line) => line !== ''));
        this.#check();
      });
    }
    this.#exited = new Promise((resolve) => this.#process.once('close', resolve));
  }

  async says(line: string, count = 1): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#check = () => {
      if (this.lines.filter((each) => each === line).length >= count) resolve();
    };
    this.#check();
    const what = (): string => `"${line}" for the ${count}. time; it said ${this.lines.join(', ')}`;
    await within(20_000, what, promise);
  }

  /** Has it close the link. */
  close(): void {
    this.#process.stdin?.write('close\n');
  }

  /** Resolves with its code when it has ended by itself. */
  async exits(limitMs: number): Promise<number | null> {
    return within(limitMs, () => `its end; it said ${this.lines.join(', ')}`, this.#exited);
  }

  [Symbol.dispose](): void {
    this.#process.kill('SIGKILL');
  }
}
