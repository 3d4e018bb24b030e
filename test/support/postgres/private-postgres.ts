/**
 * A throw-away PostgreSQL of a test's own, to be stopped, killed and paused:
 *
 *     await using server = await startPrivatePostgres();
 *     const pool = new pg.Pool({ connectionString: server.url });
 *     await server.kill();
 *     await server.start(); // the same port, the data kept
 *
 * It takes one to two seconds to start: one for a file, and a database for each test (`test-database.ts`). Tests that only
 * use a server share the run's one (`postgres-for-tests.ts`). It does not wait for the disk, so its data survives the death
 * of any process and not a power cut.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chownSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { until, within } from '../rabbitmq/bounded-wait.ts';
import { type ReservedPorts, answers, reservePorts } from '../rabbitmq/reserved-ports.ts';
import { type PostgresOrigin, type PostgresPrograms, findPrograms } from './postgres-programs.ts';
import { ServerGuard } from './server-guard.ts';
import { type ProcessUser, unprivilegedUser } from './unprivileged-user.ts';

/** Options of {@link startPrivatePostgres}. */
export interface PrivatePostgresOptions {
  /** @default the newest of the machine, else the embedded one */
  readonly origin?: PostgresOrigin;
  /** More lines of `postgresql.conf`. */
  readonly conf?: string;
  /** An empty folder for the data, in place of one in the temporary folder. */
  readonly dataFolder?: string;
}

/** How a server is stopped: `fast` ends transactions and writes a checkpoint, `immediate` leaves all to the next start. */
export type StopMode = 'fast' | 'immediate';

const startLimitMs = 60_000;
const stopLimitMs = 30_000;
const keptLog = 64 * 1024;
const stopSignals = { fast: 'SIGINT', immediate: 'SIGQUIT' } as const;

/** Resolves when the server accepts connections. */
export async function startPrivatePostgres(
  options: PrivatePostgresOptions = {},
): Promise<PrivatePostgres> {
  const programs = await findPrograms(options.origin);
  const user = unprivilegedUser();
  const folder = mkdtempSync(path.join(tmpdir(), 'busbar-postgres-'));
  own(folder, user);
  const server = new PrivatePostgres(folder, programs, user, await reservePorts(1), options);
  try {
    await server.start();
  } catch (error) {
    await server.destroy();
    throw error;
  }
  return server;
}

export class PrivatePostgres implements AsyncDisposable {
  /** As a superuser, to the database `postgres`. */
  readonly url: string;
  readonly port: number;
  readonly origin: PostgresOrigin;
  readonly version: string;
  readonly folder: string;
  readonly #programs: PostgresPrograms;
  readonly #user: ProcessUser;
  readonly #reserved: ReservedPorts;
  readonly #options: PrivatePostgresOptions;
  readonly #guard: ServerGuard;
  readonly #data: string;
  #made = false;
  #server: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #log = '';

  constructor(
    folder: string,
    programs: PostgresPrograms,
    user: ProcessUser,
    reserved: ReservedPorts,
    options: PrivatePostgresOptions,
  ) {
    this.folder = folder;
    this.port = reserved.ports[0] ?? 0;
    this.origin = programs.origin;
    this.version = programs.version;
    this.url = `postgres://postgres@127.0.0.1:${this.port}/postgres`;
    this.#programs = programs;
    this.#user = user;
    this.#reserved = reserved;
    this.#options = options;
    this.#data = options.dataFolder ?? path.join(folder, 'data');
    this.#guard = new ServerGuard(folder);
  }

  /** What the server said since its last start, but for the oldest of a lot. */
  get log(): string {
    return this.#log;
  }

  get running(): boolean {
    return this.#server !== undefined;
  }

  /** After `stop()` and `kill()`: on the same port, with the data kept. */
  async start(): Promise<void> {
    if (this.#server !== undefined) return;
    if (!this.#made) await this.#make();
    this.#log = '';
    const server = spawn(this.#program('postgres'), ['-D', this.#data], {
      ...this.#user,
      cwd: this.folder,
      env: this.#variables(),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#server = server;
    this.#guard.watch(server.pid);
    const { promise: ready, resolve } = Promise.withResolvers<void>();
    const read = (chunk: string): void => {
      this.#log = (this.#log + chunk).slice(-keptLog);
      if (this.#log.includes('is ready to accept connections')) resolve();
    };
    server.stdout?.setEncoding('utf8').on('data', read);
    server.stderr?.setEncoding('utf8').on('data', read);
    const ended = once(server, 'exit').then(([code, signal]) => {
      this.#server = undefined;
      this.#guard.watch(undefined);
      return `postgres ended (${signal ?? code})`;
    });
    this.#exited = ended.then(
      () => {},
      () => {},
    );
    const early = ended.then((how) => {
      throw new Error(`${how} before it was ready:\n${this.#log}`);
    });
    early.catch(() => {});
    const what = (): string => `"ready to accept connections" from the server:\n${this.#log}`;
    await within(startLimitMs, what, Promise.race([ready, early]));
  }

  async stop(mode: StopMode = 'fast'): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.resume();
    server.kill(stopSignals[mode]);
    await within(stopLimitMs, () => `the server's stop\n${this.#log}`, this.#exited);
  }

  async restart(mode: StopMode = 'fast'): Promise<void> {
    await this.stop(mode);
    await this.start();
  }

  /** As a crash of the machine does to the processes (SIGKILL to all of them); resolves when nothing listens any more. */
  async kill(): Promise<void> {
    for (const process of this.#processes()) sendSignal(process, 'SIGKILL');
    await within(stopLimitMs, 'the end of the killed server', this.#exited);
    await until(
      stopLimitMs,
      `port ${this.port} to be free`,
      async () => !(await answers(this.port)),
    );
  }

  /** It keeps its connections and does not say a word (SIGSTOP), until `resume()`. */
  pause(): void {
    for (const process of this.#processes()) sendSignal(process, 'SIGSTOP');
  }

  resume(): void {
    for (const process of this.#processes()) sendSignal(process, 'SIGCONT');
  }

  /** Ends what runs and removes the data. */
  async destroy(): Promise<void> {
    await this.#guard.end();
    await within(stopLimitMs, 'the end of the server', this.#exited);
    this.#reserved.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }

  async #make(): Promise<void> {
    if (this.#options.dataFolder !== undefined) own(this.#options.dataFolder, this.#user);
    const given = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--no-locale'];
    const program = this.#program('initdb');
    const settings = { ...this.#user, cwd: this.folder, env: this.#variables() };
    await promisify(execFile)(program, ['--no-sync', ...given, '-D', this.#data], settings);
    const lines = [
      `listen_addresses = '127.0.0.1'`,
      `port = ${this.port}`,
      `unix_socket_directories = ''`,
      `max_connections = 200`,
      `shared_buffers = 64MB`,
      `fsync = off`,
      `full_page_writes = off`,
      `lc_messages = 'C'`,
      `deadlock_timeout = 100ms`,
      this.#options.conf ?? '',
    ];
    appendFileSync(path.join(this.#data, 'postgresql.conf'), `\n${lines.join('\n')}\n`);
    this.#made = true;
  }

  /** The server and all its children, which are in process groups of their own. */
  #processes(): readonly number[] {
    const server = this.#server?.pid;
    if (server === undefined) return [];
    const children = readdirSync('/proc').filter((name) => parentOf(name) === server);
    return [server, ...children.map(Number)];
  }

  // What stands in a home that only root may enter is taken to where its user can run it.
  #program(name: string): string {
    const { folder, origin } = this.#programs;
    if (origin === 'installed' || this.#user.uid === undefined || isReachable(folder)) {
      return path.join(folder, name);
    }
    const copy = path.join(this.folder, 'programs');
    cpSync(path.dirname(folder), copy, { recursive: true, verbatimSymlinks: true, force: false });
    return path.join(copy, 'bin', name);
  }

  #variables(): NodeJS.ProcessEnv {
    return { PATH: process.env['PATH'], HOME: this.folder, LC_ALL: 'C', TZ: 'UTC' };
  }
}

function own(folder: string, { uid, gid }: ProcessUser): void {
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
}

/** Whether everybody may enter all folders of the path. */
function isReachable(folder: string): boolean {
  const parts = folder.split(path.sep);
  const parents = parts.map((_, index) => parts.slice(0, index + 1).join(path.sep) || path.sep);
  return parents.every((each) => (statSync(each).mode & 0o001) !== 0);
}

function parentOf(name: string): number | undefined {
  if (!/^\d+$/.test(name)) return undefined;
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'utf8');
    // Behind the name in parentheses: the state, then the parent.
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

function sendSignal(id: number, name: NodeJS.Signals): void {
  try {
    process.kill(id, name);
  } catch {
    // It has ended by itself.
  }
}
