import { type TransactionMode, asError } from '@busbar/core';
import type { TransportHarness } from './support/harness.ts';
import type { ScenarioTest } from './support/scenario.ts';
import { ScenarioContext } from './support/scenario-context.ts';
import { type ConformanceSizes, defaultSizes } from './support/sizes.ts';

/** What one test runs against. */
export interface ScenarioRun {
  create(): Promise<TransportHarness> | TransportHarness;
  readonly mode: TransactionMode;
  readonly sizes?: Partial<ConformanceSizes>;
  /** The longest wait for any one signal, in milliseconds. @default 10_000 */
  readonly limitMs?: number;
}

/** Runs one test of one scenario without a test runner. Rejects when the transport does not conform. */
export async function runScenarioTest(test: ScenarioTest, run: ScenarioRun): Promise<void> {
  const harness = await run.create();
  const sizes = { ...defaultSizes, ...run.sizes };
  const t = new ScenarioContext(harness, run.mode, sizes, run.limitMs ?? 10_000);
  let failure: Error | undefined;
  try {
    await t.open();
    await test(t);
  } catch (error) {
    failure = asError(error);
  }
  try {
    await t.close();
  } catch (error) {
    // What the test itself says comes first; the rest mostly follows from it.
    failure ??= asError(error);
  }
  if (failure !== undefined) throw failure;
}
