import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { MessageCounts } from '@busbar/core';
import { within } from '../../../support/rabbitmq/bounded-wait.ts';
import type { StoreAddress } from '../crash/store.ts';

/** What the process needs to know. */
export interface RacerArguments {
  readonly run: string;
  readonly address: StoreAddress;
}

const limitMs = 30_000;
const main = fileURLToPath(new URL('children/racer.ts', import.meta.url));

/** An instance of the endpoint in a process of its own. */
export class RacerProcess implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;

  static async start(given: RacerArguments): Promise<RacerProcess> {
    const racer = new RacerProcess(given);
    await within(limitMs, 'a racer to start', once(racer.#process, 'message'));
    return racer;
  }

  private constructor(given: RacerArguments) {
    this.#process = fork(main, [JSON.stringify(given)]);
    this.#exited = once(this.#process, 'exit');
  }

  /** In order; resolves with what it has counted. */
  async stop(): Promise<MessageCounts> {
    const told = once(this.#process, 'message') as Promise<[MessageCounts]>;
    this.#process.send('stop');
    const [counts] = await within(limitMs, 'the counts of a racer', told);
    await within(limitMs, 'the end of a racer', this.#exited);
    return counts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }
}
