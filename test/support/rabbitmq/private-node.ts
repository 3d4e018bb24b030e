/**
 * A throw-away RabbitMQ of a test's own, to be stopped, killed and paused:
 *
 *     await using node = await startPrivateNode({ plugins: ['rabbitmq_management'] });
 *     const connection = await connect(node.url);
 *     await node.kill();
 *     await node.start(); // the same ports, the data kept
 *
 * It takes 5 to 12 seconds to start: one for a file, in `beforeAll` with a limit of a minute, and a virtual host for each
 * test (`virtual-host.ts`). Tests that only use a broker share the run's one (`broker-for-tests.ts`).
 *
 * A quorum queue that was declared less than two seconds before `kill()` is dead for good, with what was confirmed in it;
 * that is the broker. One that is well still counts 0 messages for a moment after `start()`: judge by what is consumed.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { until, within } from './bounded-wait.ts';
import { privateNodeFiles, privateNodeVariables } from './private-node-settings.ts';
import { BrokerGuard } from './broker-guard.ts';
import { type RabbitMajor, type RabbitPrograms, findPrograms } from './rabbitmq-programs.ts';
import { type ReservedPorts, answers, reservePorts } from './reserved-ports.ts';

/** Options of {@link startPrivateNode}. */
export interface PrivateNodeOptions {
  /** The major version. @default whichever is installed */
  readonly version?: RabbitMajor;
  /** In place of what is found by version. */
  readonly programs?: RabbitPrograms;
  /** Without any it starts and above all stops faster. @default none */
  readonly plugins?: readonly string[];
  /** More lines of `rabbitmq.conf`. */
  readonly conf?: string;
  /** The text of `advanced.config`. */
  readonly advanced?: string;
}

export interface PrivateNodePorts {
  readonly amqp: number;
  readonly management: number;
  readonly distribution: number;
  readonly epmd: number;
}

const startLimitMs = 60_000;
const stopLimitMs = 30_000;
const killLimitMs = 10_000;
const keptLog = 64 * 1024;

/** Resolves when the broker accepts connections. */
export async function startPrivateNode(options: PrivateNodeOptions = {}): Promise<PrivateNode> {
  const programs = options.programs ?? (await findPrograms(options.version));
  const folder = await mkdtemp(path.join(tmpdir(), 'busbar-rabbitmq-'));
  const node = new PrivateNode(folder, programs, await reservePorts(4), options);
  try {
    await node.start();
  } catch (error) {
    await node.destroy();
    throw error;
  }
  return node;
}

export class PrivateNode {
  readonly url: string;
  /** There only with the plugin `rabbitmq_management`; the API is below `/api`. */
  readonly managementUrl: string | undefined;
  readonly ports: PrivateNodePorts;
  readonly version: string;
  /** Holds the data, and is removed with the node. */
  readonly folder: string;
  readonly #programs: RabbitPrograms;
  readonly #reserved: ReservedPorts;
  readonly #options: PrivateNodeOptions;
  readonly #variables: NodeJS.ProcessEnv;
  readonly #guard: BrokerGuard;
  #epmd: ChildProcess | undefined;
  #server: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #log = '';

  constructor(
    folder: string,
    programs: RabbitPrograms,
    reserved: ReservedPorts,
    options: PrivateNodeOptions,
  ) {
    const [amqp = 0, management = 0, distribution = 0, epmd = 0] = reserved.ports;
    this.folder = folder;
    this.#programs = programs;
    this.#reserved = reserved;
    this.#options = options;
    this.ports = { amqp, management, distribution, epmd };
    this.version = programs.version;
    this.url = `amqp://guest:guest@127.0.0.1:${amqp}`;
    const managed = options.plugins?.includes('rabbitmq_management') === true;
    this.managementUrl = managed ? `http://guest:guest@127.0.0.1:${management}` : undefined;
    this.#variables = privateNodeVariables(folder, this.ports);
    this.#guard = new BrokerGuard(folder);
  }

  /** What the broker said since its last start, but for the oldest of a lot. */
  get log(): string {
    return this.#log;
  }

  /** The process groups of the broker, if it runs, and of its epmd. */
  get groups(): readonly number[] {
    return [this.#server?.pid, this.#epmd?.pid].filter((group) => group !== undefined);
  }

  get running(): boolean {
    return this.#server !== undefined;
  }

  /** After `stop()` and `kill()`: on the same ports, with the data kept. */
  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    if (this.#epmd === undefined) await this.#prepare();

    const server = spawn(path.join(this.#programs.folder, 'rabbitmq-server'), [], {
      cwd: this.folder,
      env: this.#variables,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#server = server;
    this.#guard.watch('server', server.pid);
    const { promise: ready, resolve } = Promise.withResolvers<void>();
    this.#log = '';
    const read = (chunk: string): void => {
      this.#log = (this.#log + chunk).slice(-keptLog);
      if (this.#log.includes('Server startup complete')) resolve();
    };
    server.stdout?.setEncoding('utf8').on('data', read);
    server.stderr?.setEncoding('utf8').on('data', read);
    const ended = once(server, 'exit').then(([code, signal]) => {
      this.#server = undefined;
      this.#guard.watch('server', undefined);
      return `rabbitmq-server ended (${signal ?? code})`;
    });
    this.#exited = ended.then(
      () => {},
      () => {},
    );
    // It ends with 0, too, when it does not like its configuration.
    const early = ended.then((how) => {
      throw new Error(`${how} before it was ready:\n${this.#complaints()}`);
    });
    early.catch(() => {});
    const what = (): string => `"Server startup complete" from the broker:\n${this.#complaints()}`;
    await within(startLimitMs, what, Promise.race([ready, early]));
  }

  /** In order (SIGTERM), which takes six seconds with the management plugin: where a test is not about that, `kill()`. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.resume();
    // The start script passes it on; sent to the whole group it would reach the broker's helpers first.
    server.kill('SIGTERM');
    await within(stopLimitMs, () => `the broker's stop\n${this.#complaints()}`, this.#exited);
  }

  /** As a power cut does to the process (SIGKILL); resolves when nothing listens any more. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL');
    await within(killLimitMs, 'the end of the killed broker', this.#exited);
    const { amqp } = this.ports;
    await until(killLimitMs, `port ${amqp} to be free`, async () => !(await answers(amqp)));
  }

  /** It keeps its connections and does not say a word (SIGSTOP), until `resume()`. */
  pause(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  /** What `rabbitmqctl` prints; half a second a call. */
  async ctl(...args: readonly string[]): Promise<string> {
    const program = path.join(this.#programs.folder, 'rabbitmqctl');
    const options = { env: this.#variables, timeout: 30_000 };
    const { stdout } = await promisify(execFile)(program, ['--quiet', ...args], options);
    return stdout;
  }

  /** Kills what runs and removes the data. */
  async destroy(): Promise<void> {
    await this.#guard.end();
    await within(killLimitMs, 'the end of the killed broker', this.#exited);
    this.#reserved.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }

  async #prepare(): Promise<void> {
    for (const name of ['mnesia', 'log', 'home']) {
      await mkdir(path.join(this.folder, name), { recursive: true });
    }
    const files = privateNodeFiles(this.ports, this.#options);
    for (const [name, text] of Object.entries(files)) {
      await writeFile(path.join(this.folder, name), text);
    }
    // Ours and in the foreground. It has to outlive the broker, which would start one of its own and leave it behind.
    const { epmd: port } = this.ports;
    const epmd = spawn(this.#programs.epmd, ['-port', String(port), '-address', '127.0.0.1'], {
      env: this.#variables,
      detached: true,
      stdio: 'ignore',
    });
    this.#guard.watch('epmd', epmd.pid);
    this.#epmd = epmd;
    epmd.unref();
    await until(startLimitMs, `epmd on port ${port}`, () => answers(port));
  }

  // Of many lines about an error the first ones name it.
  #complaints(): string {
    const lines = this.#log.split('\n');
    const errors = lines.filter((line) => line.includes('[error]'));
    return (errors.length > 0 ? errors.slice(0, 20) : lines.slice(-20)).join('\n');
  }

  /** To the group: the start script, the broker and its helpers. */
  #signal(signal: NodeJS.Signals): void {
    if (this.#server?.pid !== undefined) process.kill(-this.#server.pid, signal);
  }
}
