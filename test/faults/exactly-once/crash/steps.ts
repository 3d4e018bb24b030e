import { AsyncLocalStorage } from 'node:async_hooks';
import { appendFileSync } from 'node:fs';

/** Which order to watch, and where to die; nowhere without a step. */
export interface Plan {
  readonly order: number;
  readonly step?: string;
}

interface Scope {
  readonly label: string;
  readonly order: number;
}

/**
 * Names each step that the process takes with one order, and has it killed at one of them. A step is reached when all
 * before it has happened and nothing behind it.
 */
export class Steps {
  readonly #scopes = new AsyncLocalStorage<Scope>();
  readonly #file: string;
  #plan: Plan | undefined;
  #times = new Map<string, number>();
  #names: string[] = [];

  /** @param file Where it leaves its last words. */
  constructor(file: string) {
    this.#file = file;
  }

  /** The steps that were taken since `arm`, in order. */
  get names(): readonly string[] {
    return this.#names;
  }

  arm(plan: Plan): void {
    this.#plan = plan;
    this.#times = new Map();
    this.#names = [];
  }

  /** Everything in `work` belongs to the order. */
  within<T>(label: string, order: number, work: () => T): T {
    return this.#scopes.run({ label, order }, work);
  }

  /** As `within`, unless it belongs to an order already. */
  withinSome<T>(label: string, order: number | undefined, work: () => T): T {
    if (order === undefined || this.#scopes.getStore() !== undefined) return work();
    return this.within(label, order, work);
  }

  /** Work without an order is nobody's: an instance looks after its tables all the time. */
  reach(name: string): void {
    const scope = this.#scopes.getStore();
    if (scope === undefined || this.#plan?.order !== scope.order) return;
    const step = `${scope.label}: ${name}`;
    const times = (this.#times.get(step) ?? 0) + 1;
    this.#times.set(step, times);
    const told = times === 1 ? step : `${step} (${times})`;
    this.#names.push(told);
    if (told === this.#plan.step) this.#die(told);
  }

  async around<T>(name: string, action: () => Promise<T>): Promise<T> {
    this.reach(`before ${name}`);
    const result = await action();
    this.reach(`after ${name}`);
    return result;
  }

  #die(step: string): never {
    appendFileSync(this.#file, step);
    process.kill(process.pid, 'SIGKILL');
    // Should the signal take its time, not one more instruction is run.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    throw new Error('It lives on after SIGKILL.');
  }
}
