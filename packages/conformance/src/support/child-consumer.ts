import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ChildReport, ChildSettings } from '../child/child-settings.ts';
import type { ScenarioContext } from './scenario-context.ts';

/** A process that receives from one queue and reports what it does, until it is killed. */
export class ChildConsumer {
  readonly #process: ChildProcess;
  /** What it reported so far. */
  readonly seen: ChildReport[] = [];
  #watchers: { readonly matches: (report: ChildReport) => boolean; readonly found: () => void }[] =
    [];
  /** Resolves when the process is gone, whatever ended it, and all that it reported was noted. */
  readonly exited: Promise<void>;

  private constructor(settings: ChildSettings) {
    // The extension is whatever this module runs as: the source in a workspace, the build elsewhere.
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const main = fileURLToPath(new URL(`../child/main.${extension}`, import.meta.url));
    this.#process = fork(main, [JSON.stringify(settings)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.exited = new Promise((resolve) => {
      // Not at its exit: what it reported last is read after that.
      this.#process.once('close', () => resolve());
    });
    this.#process.on('message', (report: ChildReport) => this.#note(report));
  }

  static start(
    t: ScenarioContext,
    settings: Omit<ChildSettings, 'module' | 'argument'>,
  ): ChildConsumer {
    const consumer = new ChildConsumer({ ...t.hook('child'), ...settings });
    t.cleanUp(() => consumer.kill());
    return consumer;
  }

  /** The logical ids that it reported with `kind`. */
  ids(kind: ChildReport['kind']): string[] {
    return this.seen.filter((report) => report.kind === kind).map(({ id }) => id);
  }

  reports(kind: ChildReport['kind'], id?: string): Promise<void> {
    const matches = (report: ChildReport): boolean =>
      report.kind === kind && (id === undefined || report.id === id);
    if (this.seen.some(matches)) return Promise.resolve();
    return new Promise((found) => this.#watchers.push({ matches, found }));
  }

  /** As `kill -9` does: the process gets no chance to say anything. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.exited;
  }

  #note(report: ChildReport): void {
    this.seen.push(report);
    for (const { matches, found } of this.#watchers) if (matches(report)) found();
    this.#watchers = this.#watchers.filter(({ matches }) => !matches(report));
  }
}
