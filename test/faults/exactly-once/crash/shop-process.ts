import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { within } from '../../../support/rabbitmq/bounded-wait.ts';
import type { Fault } from './broken-persistence.ts';
import type { Plan } from './steps.ts';
import type { StoreAddress } from './store.ts';

/** What the process needs to know. */
export interface ShopArguments {
  readonly run: string;
  readonly address: StoreAddress;
  /** Where it writes the step at which it kills itself. */
  readonly lastWords: string;
  readonly broken?: Fault | undefined;
  /** What it runs. */
  readonly program: string;
  /** A folder where processes leave what they have compiled for the next ones. */
  readonly compiled: string;
}

/** What the process is told. */
export interface Order {
  readonly arm?: Plan;
  readonly do?: 'start' | 'session' | 'within' | 'stop';
}

/** What it answers. */
export interface Answer {
  readonly steps?: readonly string[];
  readonly error?: string;
}

const limitMs = 30_000;

/** A process that may kill itself. */
export class ShopProcess implements AsyncDisposable {
  readonly #lastWords: string;
  readonly #process: ChildProcess;
  readonly #loaded: Promise<unknown>;
  readonly #exited: Promise<string>;
  #said = '';

  constructor(given: ShopArguments) {
    this.#lastWords = given.lastWords;
    // Most of the time of a short life goes by with loading.
    const env = { ...process.env, NODE_COMPILE_CACHE: given.compiled };
    this.#process = fork(given.program, [JSON.stringify(given)], { silent: true, env });
    this.#loaded = once(this.#process, 'message');
    this.#loaded.catch(() => {});
    this.#process.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#said = (this.#said + chunk).slice(-4_000);
    });
    this.#process.stdout?.resume();
    // Nobody waits for the answer of one that should have died.
    this.#process.on('message', ({ error }: Answer) => {
      if (error !== undefined) this.#said += `${error}\n`;
    });
    this.#exited = once(this.#process, 'exit').then(([code, signal]) => String(signal ?? code));
  }

  /** Its errors, for one that does not do what it should. */
  get said(): string {
    return this.#said;
  }

  async isLoaded(): Promise<void> {
    await within(limitMs, () => `a shop to be loaded: ${this.#said}`, this.#loaded);
  }

  async start(arm?: Plan): Promise<void> {
    await this.isLoaded();
    await this.ask({ do: 'start', ...(arm !== undefined && { arm }) });
  }

  async ask(order: Order): Promise<readonly string[]> {
    const answered = once(this.#process, 'message') as Promise<[Answer]>;
    this.#process.send(order);
    const ended = this.#exited.then((how): never => {
      throw new Error(`The shop ended (${how}): ${this.#said}`);
    });
    const answer = Promise.race([answered, ended]);
    const [{ error, steps = [] }] = await within(limitMs, 'an answer of the shop', answer);
    if (error !== undefined) throw new Error(`The shop says: ${error}`);
    return steps;
  }

  /** Tells it something that it will not live to answer. */
  tell(order: Order): void {
    this.#process.send(order);
  }

  /** Resolves with the step at which it killed itself. */
  async death(deathLimitMs: number, what: string): Promise<string> {
    const told = (): string => `the end of the shop at "${what}"; it said ${this.#said}`;
    const how = await within(deathLimitMs, told, this.#exited);
    if (how !== 'SIGKILL') throw new Error(`The shop ended (${how}): ${this.#said}`);
    return existsSync(this.#lastWords) ? readFileSync(this.#lastWords, 'utf8') : '';
  }

  async stop(): Promise<void> {
    await this.ask({ do: 'stop' });
    await within(limitMs, 'the end of the shop', this.#exited);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }
}
