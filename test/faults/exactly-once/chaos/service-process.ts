import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { within } from '../../../support/rabbitmq/bounded-wait.ts';
import type { ServiceName } from '../shop/contracts.ts';

/** What the process needs to know. */
export interface ServiceArguments {
  readonly run: string;
  readonly service: ServiceName;
  readonly amqp: string;
  readonly postgres: string;
  /** Where it notes what arrives. */
  readonly arrivals: string;
}

/** What its processes have in common. */
export interface InstanceOptions extends Omit<ServiceArguments, 'arrivals'> {
  readonly folder: string;
  readonly instance: number;
}

const limitMs = 60_000;
const keptWords = 3_000;
const main = fileURLToPath(new URL('children/service.ts', import.meta.url));

/** An instance of a service: one process after the other. */
export class ServiceProcess implements AsyncDisposable {
  readonly files: string[] = [];
  /** How processes ended that nobody had killed. */
  readonly ownEnds: string[] = [];
  kills = 0;
  readonly #options: InstanceOptions;
  #process: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #killed = false;
  #stopping = false;

  constructor(options: InstanceOptions) {
    this.#options = options;
  }

  get name(): string {
    return `${this.#options.service} ${this.#options.instance}`;
  }

  /** Resolves when it receives. */
  async start(): Promise<void> {
    const process = this.#begin();
    await within(limitMs, `${this.name} to start`, once(process, 'message'));
  }

  /** As `kill -9` does; another process is begun in its place. */
  async kill(): Promise<void> {
    this.#killed = true;
    this.kills += 1;
    this.#process?.kill('SIGKILL');
    await within(limitMs, `the end of the killed ${this.name}`, this.#exited);
  }

  /** In order. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#process?.send('stop');
    await within(limitMs, `${this.name} to stop`, this.#exited);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    this.#process?.kill('SIGKILL');
    await this.#exited;
  }

  #begin(): ChildProcess {
    const { folder, instance, ...more } = this.#options;
    const { service } = more;
    const arrivals = path.join(folder, `${service}-${instance}-${this.files.length}.arrivals`);
    createWriteStream(arrivals, { flags: 'a' }).end();
    this.files.push(arrivals);
    const child = fork(main, [JSON.stringify({ ...more, arrivals } satisfies ServiceArguments)], {
      silent: true,
    });
    const log = createWriteStream(path.join(folder, `${service}-${instance}.log`), { flags: 'a' });
    child.stderr?.pipe(log);
    let said = '';
    child.stderr?.on(
      'data',
      (chunk: Buffer) => void (said = (said + String(chunk)).slice(-keptWords)),
    );
    child.stdout?.resume();
    this.#process = child;
    this.#killed = false;
    this.#exited = once(child, 'exit').then(([code, signal]) => {
      if (!this.#killed && !this.#stopping) {
        this.ownEnds.push(`${this.name} (${signal ?? code}): ${said}`);
      }
      if (!this.#stopping) this.#begin();
    });
    return child;
  }
}
