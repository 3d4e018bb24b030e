import { Buffer } from 'node:buffer';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import type { BadInputTarget } from './bad-input-target.ts';
import { checkOutcome } from './check-outcome.ts';
import type { InputCase } from './input-case.ts';
import { Intake, type Outcome, mostPlacesApart } from './intake.ts';
import { predict } from './oracle.ts';
import { changesSince, snapshotOfPrototypes } from './prototypes.ts';
import type { Variant } from './variants.ts';

const casesPerBatch = 450;
/** After each so many cases comes one that has nothing wrong with it. */
const casesPerGood = 9;
const batchLimitMs = 30_000;
const aloneLimitMs = 3_000;
const shrinkingLimitMs = 10_000;
/** Far more than what a batch needs, far less than what keeping the cases would. */
const mostGrowth = 48 * 1_024 * 1_024;

/** What was tried; for those who want to know that nothing was left out. */
export interface BadInputReport {
  readonly cases: number;
  /** How many cases had which end, by the error's code. */
  readonly ends: ReadonlyMap<string, number>;
}

interface Suspect {
  readonly index: number;
  readonly input: InputCase;
  readonly problem: string;
}

/** With nothing wrong. */
export const good: InputCase = {
  headers: { 'busbar-enclosed-types': 'Bad.Good', 'busbar-content-type': 'application/json' },
  body: new TextEncoder().encode('{"id":"good","amount":1}'),
  bare: false,
};

/** The seed of the run: that of an earlier one with BUSBAR_SEED. */
export function seedOfRun(): number {
  const given = process.env['BUSBAR_SEED'] ?? '';
  return given === '' ? Math.floor(Math.random() * 2 ** 31) : Number(given);
}

/**
 * Sends `count` bad messages through one endpoint and compares what becomes of each with what an oracle foretells.
 *
 * @throws Error that names the smallest message that does not do as foretold, with the seed and the path to it.
 */
export async function checkBadInput(
  target: BadInputTarget,
  variant: Variant,
  count: number,
  seed = seedOfRun(),
): Promise<BadInputReport> {
  const before = snapshotOfPrototypes();
  const uncaught = new UncaughtErrors();
  const ends = new Map<string, number>();
  await using intake = await Intake.start(target, variant);
  try {
    const cases = generate(target, count, seed);
    const heap = new Heap();
    for (let first = 0; first < cases.length; first += casesPerBatch) {
      const batch = cases.slice(first, first + casesPerBatch);
      const { outcomes, goods } = await runBatch(intake, batch);
      const suspects: Suspect[] = [];
      for (const [index, outcome] of outcomes.entries()) {
        const problem = checkOutcome(outcome, variant);
        if (problem !== undefined) {
          suspects.push({ index: first + index, input: batch[index]!, problem });
        }
        const end = nameOf(outcome, variant);
        ends.set(end, (ends.get(end) ?? 0) + 1);
      }
      if (suspects.length > 0)
        await explain(target, variant, suspects, seed, await intake.counts());
      checkGoods(goods, target.keepsOrder && variant.inOrder);
      const changes = changesSince(before);
      if (changes.length > 0) throw new Error(`Prototypes were changed: ${changes.join(', ')}`);
      heap.check(first > 0);
    }
    // A turn of the event loop, so that what nobody awaited is noticed.
    await new Promise((resolve) => setImmediate(resolve));
    const problems = [...(await intake.problems()), ...uncaught.texts];
    if (problems.length > 0) throw new Error(problems.slice(0, 10).join('\n'));
    return { cases: cases.length, ends };
  } catch (error) {
    throw new Error(
      `Bad input on ${target.name} ${variant.name}, BUSBAR_SEED=${seed}: ${(error as Error).message}`,
      { cause: error },
    );
  } finally {
    uncaught.stop();
  }
}

/** As a property makes them, so that the path to a case is its place; `fc.sample` makes others. */
function generate(target: BadInputTarget, count: number, seed: number): readonly InputCase[] {
  const cases: InputCase[] = [];
  const collecting = fc.property(target.cases, (one) => {
    cases.push(one);
  });
  fc.assert(collecting, { numRuns: count, seed });
  return cases;
}

async function runBatch(
  intake: Intake,
  batch: readonly InputCase[],
): Promise<{ outcomes: readonly Outcome[]; goods: readonly (readonly [number, Outcome])[] }> {
  const all = batch.flatMap((one, index) => (index % casesPerGood === 0 ? [good, one] : [one]));
  const outcomes = await intake.run(all, batchLimitMs);
  const isGood = (index: number): boolean => all[index] === good;
  return {
    outcomes: outcomes.filter((_, index) => !isGood(index)),
    goods: [...outcomes.entries()].filter(([index]) => isGood(index)),
  };
}

/** A message with nothing wrong is handled when its turn comes, whatever came before it. */
function checkGoods(goods: readonly (readonly [number, Outcome])[], inOrder: boolean): void {
  for (const [place, { ends, handled, place: endedAt }] of goods) {
    if (ends.length !== 1 || handled.length !== 1) {
      throw new Error(`A good message was handled ${handled.length} times: [${ends.join()}]`);
    }
    if (inOrder && Math.abs(endedAt - place) > mostPlacesApart) {
      throw new Error(`A good message was put in at place ${place} and has ended at ${endedAt}`);
    }
  }
}

/**
 * Finds the first of the suspects that goes wrong alone, makes it again from its seed and path and then smaller. Where a
 * message has stopped the endpoint, those behind it are suspects without any fault of theirs.
 */
async function explain(
  target: BadInputTarget,
  variant: Variant,
  suspects: readonly Suspect[],
  seed: number,
  counts: string,
): Promise<never> {
  for (const { index, input } of suspects) {
    if ((await problemAlone(target, variant, input)) === undefined) continue;
    const alone = fc.asyncProperty(target.cases, async (one) => {
      const problem = await problemAlone(target, variant, one);
      if (problem !== undefined) throw new Error(problem);
    });
    const { counterexample, counterexamplePath, errorInstance } = await fc.check(alone, {
      seed,
      path: String(index),
      numRuns: 1,
      interruptAfterTimeLimit: shrinkingLimitMs,
      markInterruptAsFailure: true,
    });
    const [smallest = input] = counterexample ?? [];
    const reason = errorInstance instanceof Error ? errorInstance.message : 'goes wrong';
    throw new Error(
      `case ${index} (path ${counterexamplePath}) ${reason}\n${describeCase(smallest)}`,
    );
  }
  const all = suspects.slice(0, 10).map(({ index, problem }) => `case ${index} ${problem}`);
  throw new Error(
    `${all.join('\n')}\nof ${suspects.length}, but only among the others of the batch. The queues: ${counts}.\n${describeCase(suspects[0]!.input)}`,
  );
}

async function problemAlone(
  target: BadInputTarget,
  variant: Variant,
  input: InputCase,
): Promise<string | undefined> {
  await using intake = await Intake.start(target, variant);
  const [outcome] = await intake.run([input], aloneLimitMs);
  return checkOutcome(outcome!, variant);
}

function describeCase({ headers, body, native }: InputCase): string {
  const text = inspect({ headers, native }, { maxStringLength: 100, depth: 5 });
  const shown = Buffer.from(body.subarray(0, 200)).toString('latin1');
  return `${text}\n${body.length} bytes: ${JSON.stringify(shown)}`;
}

function nameOf({ input }: Outcome, variant: Variant): string {
  const prediction = predict(input, variant);
  return prediction.outcome === 'error' ? (prediction.code ?? 'an error') : prediction.outcome;
}

class UncaughtErrors {
  readonly texts: string[] = [];
  readonly #note = (error: unknown): void => {
    this.texts.push(`uncaught: ${String(error)}`);
  };

  constructor() {
    process.on('unhandledRejection', this.#note);
    process.on('uncaughtExceptionMonitor', this.#note);
  }

  stop(): void {
    process.off('unhandledRejection', this.#note);
    process.off('uncaughtExceptionMonitor', this.#note);
  }
}

/** The heap after the first batch is what all later ones are held against. */
class Heap {
  readonly #collect: () => void;
  #first = 0;

  constructor() {
    // Also in a process that was started without it.
    setFlagsFromString('--expose-gc');
    this.#collect = runInNewContext('gc') as () => void;
  }

  check(warm: boolean): void {
    this.#collect();
    const { heapUsed } = process.memoryUsage();
    if (!warm) this.#first = heapUsed;
    else if (heapUsed - this.#first > mostGrowth) {
      throw new Error(`The heap grew from ${this.#first} to ${heapUsed} bytes`);
    }
  }
}
