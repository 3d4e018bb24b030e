import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { within } from './within.ts';

/** What a child tells: what it is about, and something that JSON can carry. */
export interface Report {
  readonly kind: string;
  readonly value?: unknown;
}

/** A process that runs a program of `test/children` and reports to us, until it ends or is killed. */
export class Child implements AsyncDisposable {
  readonly reports: Report[] = [];
  readonly exited: Promise<number | null>;
  readonly #process: ChildProcess;
  #watchers: { kind: string; found: (report: Report) => void }[] = [];
  #taken = 0;

  constructor(program: string, ...args: readonly string[]) {
    const main = fileURLToPath(new URL(`../children/${program}.ts`, import.meta.url));
    this.#process = fork(main, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.exited = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.on('message', (report: Report) => {
      this.reports.push(report);
      const watchers = this.#watchers;
      this.#watchers = watchers.filter(({ kind }) => kind !== report.kind);
      for (const watcher of watchers) if (watcher.kind === report.kind) watcher.found(report);
    });
  }

  /** The first report of the kind that was not returned before. */
  async report(kind: string): Promise<Report> {
    const seen = this.reports.findIndex((one, index) => index >= this.#taken && one.kind === kind);
    if (seen !== -1) {
      this.#taken = seen + 1;
      return this.reports[seen] as Report;
    }
    const found = new Promise<Report>((resolve) => this.#watchers.push({ kind, found: resolve }));
    const gone = this.exited.then((code) => {
      throw new Error(`the child ended with ${code} before its report "${kind}"`);
    });
    const report = await within(Promise.race([found, gone]), `the report "${kind}" of a child`);
    this.#taken = this.reports.indexOf(report) + 1;
    return report;
  }

  values(kind: string): unknown[] {
    return this.reports.filter((report) => report.kind === kind).map(({ value }) => value);
  }

  tell(message: string): void {
    this.#process.send(message);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** As `kill -9` does. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
