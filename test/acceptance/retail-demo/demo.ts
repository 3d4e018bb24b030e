import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../../support/build-examples.ts';

export const example = path.join(root, 'examples/03-retail');

/** How a run ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The built demo, running for real. Everything that it writes is in a folder of its own. */
export class Demo implements AsyncDisposable {
  readonly ended: Promise<Ended>;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'busbar-demo-test-'));
  readonly #process: ChildProcess;
  readonly #waiting = new Set<() => void>();
  #stdout = '';
  #stderr = '';

  constructor(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
    const { BUSBAR_TRANSPORT: _, BUSBAR_DATABASE: __, ...inherited } = process.env;
    this.#process = spawn(process.execPath, [path.join(example, 'dist/main.js'), ...args], {
      // Node 22 says on standard error that its SQLite is new.
      env: { ...inherited, NODE_NO_WARNINGS: '1', TMPDIR: this.#folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      for (const look of this.#waiting) look();
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
    });
    this.ended = once(this.#process, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Resolves with the match as soon as standard output has one. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve } = Promise.withResolvers<RegExpExecArray>();
    const look = (): void => {
      const match = pattern.exec(this.#stdout);
      if (match !== null) resolve(match);
    };
    this.#waiting.add(look);
    look();
    const failed = this.ended.then(() => {
      throw new Error(`The demo ended before it printed ${String(pattern)}:\n${this.#stdout}`);
    });
    const match = await Promise.race([promise, failed]);
    this.#waiting.delete(look);
    return match;
  }

  /** The process of a service, the n-th one if it was started again. */
  async pidOf(service: string, nth = 1): Promise<number> {
    const pattern = new RegExp(`(?:${service} is ready \\(pid (\\d+)\\)[^]*?){${nth}}`);
    const [, pid] = await this.printed(pattern);
    return Number(pid);
  }

  /** Where the page is. */
  async page(): Promise<string> {
    const [, address = ''] = await this.printed(/web is ready \(pid \d+\): (\S+)/);
    return address;
  }

  /** The SQLite file of the run. */
  async file(): Promise<string> {
    const [, folder = ''] = await this.printed(/logs in (\S+)/);
    return path.join(folder, 'retail.db');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill('SIGKILL');
    await this.ended;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** A file of orders in a folder of its own. */
export function ordersFile(lines: readonly string[]): Disposable & { readonly file: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'busbar-orders-'));
  const file = path.join(folder, 'orders.jsonl');
  writeFileSync(file, lines.join('\n'));
  return { file, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
}

/** A line of an orders file: one that is accepted, unless `changes` says otherwise. */
export function orderLine(orderId: string, changes: object = {}): string {
  const lines = [{ sku: 'KNIFE', quantity: 1 }];
  const order = { orderId, customer: 'Ada Berg', country: 'DE', payment: 'tok_visa', lines };
  return JSON.stringify({ ...order, ...changes });
}

/** The table and what comes below it. */
export function tableIn(stdout: string): string {
  const start = stdout.indexOf('\norder  ');
  if (start === -1) throw new Error(`There is no table in:\n${stdout}`);
  return stdout.slice(start + 1);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // Dead, but nobody asked yet what it died of.
  const stat = `/proc/${pid}/stat`;
  return !existsSync(stat) || !/^\d+ \(.*\) Z/.test(readFileSync(stat, 'utf8'));
}
