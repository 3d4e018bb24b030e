import { setTimeout } from 'node:timers/promises';

/** A call of somebody else's system in its sandbox: it takes a moment, and fails as often as the caller asked for. */
export class SandboxCalls {
  readonly #failed = new Map<string, number>();

  /** @throws Error for the first `failures` calls with this key */
  async call(key: string, failures: number, problem: string): Promise<void> {
    await setTimeout(10);
    const failed = this.#failed.get(key) ?? 0;
    if (failed >= failures) return;
    this.#failed.set(key, failed + 1);
    throw new Error(problem);
  }
}
