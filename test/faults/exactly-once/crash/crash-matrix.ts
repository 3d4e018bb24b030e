import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../../support/rabbitmq/bounded-wait.ts';
import type { Fault } from './broken-persistence.ts';
import { type Deed, effectsOf, endpointsOf } from './contracts.ts';
import type { Partner } from './partner.ts';
import { ShopProcess } from './shop-process.ts';
import type { Plan } from './steps.ts';
import type { StoreAddress } from './store.ts';
import type { StoreView } from './store-view.ts';

/** Longer than an order takes, for what lives on must not lose what it holds all the time. */
const againAfterMs = 3_000;
const mostTries = 3;

/** Where a matrix takes place. */
export interface MatrixPlace {
  readonly run: string;
  readonly address: StoreAddress;
  readonly view: StoreView;
  readonly partner: Partner;
  /** What the processes that are killed run. */
  readonly program: string;
  /** For the last words of those who die. */
  readonly folder: string;
}

/** What is done and killed. */
export interface MatrixOptions {
  readonly deed: Deed;
  /** Where each order is killed before: the steps are those of its second delivery then. */
  readonly first?: string;
  readonly broken?: Fault;
  /** The steps at which to kill. @default all that a run without kills takes */
  readonly at?: readonly string[];
  /** How long to wait for what should happen. @default 20 seconds */
  readonly limitMs?: number;
}

/** What was found. */
export interface MatrixReport {
  /** All steps of the run without kills. */
  readonly steps: readonly string[];
  /** Those at which a process has killed itself. */
  readonly killedAt: readonly string[];
  /** Of sessions: how many were committed when the process died. */
  readonly committed: number;
  /** What is not as it must be, with the step. */
  readonly problems: readonly string[];
}

/** Kills a process at each step between receiving and settling, and looks at what becomes of the order. */
export class CrashMatrix implements AsyncDisposable {
  readonly #place: MatrixPlace;
  readonly #options: MatrixOptions;
  readonly #killedAt: string[] = [];
  readonly #problems: string[] = [];
  /** The step at which each order was killed, and whether its effects must have happened. */
  readonly #orders: { step: string; committed: boolean }[] = [];
  #loaded = 0;
  #shop: ShopProcess;
  /** Loads while the other one works. */
  #standby: ShopProcess;

  constructor(place: MatrixPlace, options: MatrixOptions) {
    this.#place = place;
    this.#options = options;
    this.#shop = this.#load();
    this.#standby = this.#load();
  }

  async run(): Promise<MatrixReport> {
    await this.#shop.start();
    const steps = await this.#learnSteps();
    for (const step of this.#options.at ?? steps) {
      try {
        await this.#killAt(step);
      } catch (error) {
        this.#problems.push(`${step}: ${String(error)}`);
      }
    }
    // What was killed as it settled comes once more.
    const queues = Object.values(endpointsOf(this.#place.run));
    await until(this.#limitMs, 'empty queues', async () => {
      return Object.keys(await this.#place.view.messages(queues)).length === 0;
    });
    await this.#shop.stop();
    await this.#checkAll();
    const committed = this.#orders.filter((order) => order.committed).length;
    return { steps, killedAt: this.#killedAt, committed, problems: this.#problems };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#shop[Symbol.asyncDispose]();
    await this.#standby[Symbol.asyncDispose]();
  }

  /** Does it once without a kill at any of them: a step that is new is never forgotten. */
  async #learnSteps(): Promise<readonly string[]> {
    const order = this.#newOrder('no step');
    const { first } = this.#options;
    if (first === undefined) {
      await this.#begin({ order });
    } else {
      await this.#dieFirst(order, first);
      await this.#shop.start({ order });
    }
    await this.#settled(order);
    let steps: readonly string[] = [];
    await until(10_000, 'the last step', async () => {
      steps = await this.#shop.ask({});
      const left = steps.filter((step) => step.endsWith(': after the settling has left'));
      return left.length === steps.filter((step) => step.endsWith(': received')).length;
    });
    return steps;
  }

  /** Where timers gather the work of several messages it depends on them whose step it is: then it is tried again. */
  async #killAt(step: string): Promise<void> {
    for (let left = mostTries - 1; ; left -= 1) {
      const order = this.#newOrder(step);
      await this.#beginWith({ order, step });
      let failure: Error | undefined;
      try {
        await this.#die(step);
      } catch (error) {
        failure = error as Error;
      }
      await this.#shop.start();
      await this.#settled(order);
      if (failure === undefined) return;
      if (left === 0) throw failure;
    }
  }

  async #beginWith(plan: Plan): Promise<void> {
    const { first } = this.#options;
    if (first === undefined) return this.#begin(plan);
    await this.#dieFirst(plan.order, first);
    await this.#shop.isLoaded();
    this.#shop.tell({ do: 'start', arm: plan });
  }

  async #begin(plan: Plan): Promise<void> {
    const { deed } = this.#options;
    if (deed === 'place' || deed === 'ship') {
      await this.#shop.ask({ arm: plan });
      await this.#place.partner.give(deed, plan.order);
    } else if (plan.step === undefined) {
      await this.#shop.ask({ do: deed, arm: plan });
    } else {
      this.#shop.tell({ do: deed, arm: plan });
    }
  }

  async #dieFirst(order: number, step: string): Promise<void> {
    await this.#begin({ order, step });
    await this.#shop.death(this.#limitMs, step);
    // What is stored and not sent is for the second delivery, and not for the relay.
    await this.#place.view.letTimePass('lanes');
    await this.#replace();
  }

  async #die(step: string): Promise<void> {
    try {
      const died = await this.#shop.death(this.#limitMs, step);
      if (died === step) this.#killedAt.push(step);
      else this.#problems.push(`${step}: the shop died at "${died}"`);
    } finally {
      await this.#replace();
      await this.#place.view.letTimePass('all');
    }
  }

  /** Until the order has all its effects, or was never committed, and nothing waits any more. */
  async #settled(order: number): Promise<void> {
    const { deed } = this.#options;
    const { view } = this.#place;
    const known = this.#orders[order];
    const isFirst = order === 0;
    const isSession = deed === 'session' || deed === 'within';
    // What a dead process had not committed is not there, and never will be.
    const committed = !isSession || (await view.effects(order)).has('accepted');
    if (known !== undefined) known.committed = committed;
    const wanted = committed ? effectsOf[deed] : [];
    const settled = until(this.#limitMs, `the effects of order ${order}`, async () => {
      const effects = await view.effects(order);
      const { waiting, sagas } = await view.left();
      return wanted.every((effect) => effects.has(effect)) && waiting === 0 && sagas === 0;
    });
    await (isFirst ? settled : this.#whileTimePasses(settled));
  }

  /** Should a statement of the dead process have been carried out after all was made older, that is done again. */
  async #whileTimePasses<T>(work: Promise<T>): Promise<T> {
    const over = new AbortController();
    const passing = (async () => {
      while (!over.signal.aborted) {
        await sleep(againAfterMs, undefined, { signal: over.signal }).catch(() => {});
        if (!over.signal.aborted) await this.#place.view.letTimePass('all');
      }
    })();
    try {
      return await work;
    } finally {
      over.abort();
      await passing;
    }
  }

  async #checkAll(): Promise<void> {
    const { view, partner, run } = this.#place;
    const { deed } = this.#options;
    for (const [order, { step, committed }] of this.#orders.entries()) {
      const effects = Object.fromEntries(await view.effects(order));
      const wanted = committed ? effectsOf[deed].map((effect) => [effect, 1]) : [];
      const problem = differenceOf(effects, Object.fromEntries(wanted));
      if (problem !== '') this.#problems.push(`${step}: ${problem}`);
    }
    for (const [message, ids] of partner.arrivals) {
      const step = this.#orders[Number(message.split(' ')[1])]?.step;
      if (ids.size > 1) this.#problems.push(`${step}: ${message} came under ${ids.size} ids`);
    }
    const left = {
      ...(await view.left()),
      ...(await view.messages(Object.values(endpointsOf(run)))),
    };
    const waiting = Object.entries(left).filter(([, times]) => times > 0);
    for (const [what, times] of waiting) this.#problems.push(`in the end: ${what}: ${times}`);
  }

  #newOrder(step: string): number {
    this.#orders.push({ step, committed: true });
    return this.#orders.length - 1;
  }

  get #limitMs(): number {
    return this.#options.limitMs ?? 20_000;
  }

  /** The next one takes its place. One that lives on, since it never came to its step, is killed. */
  async #replace(): Promise<void> {
    await this.#shop[Symbol.asyncDispose]();
    this.#shop = this.#standby;
    this.#standby = this.#load();
  }

  #load(): ShopProcess {
    const { run, address, program, folder } = this.#place;
    const { broken } = this.#options;
    this.#loaded += 1;
    const lastWords = path.join(folder, `${run}-${this.#loaded}.txt`);
    const compiled = path.join(folder, 'compiled');
    return new ShopProcess({ run, address, lastWords, broken, program, compiled });
  }
}

function differenceOf(
  found: Readonly<Record<string, number>>,
  wanted: Readonly<Record<string, number>>,
): string {
  const names = new Set([...Object.keys(found), ...Object.keys(wanted)]);
  return [...names]
    .filter((name) => (found[name] ?? 0) !== (wanted[name] ?? 0))
    .map((name) => `${name} ${found[name] ?? 0} times, not ${wanted[name] ?? 0}`)
    .join(', ');
}
