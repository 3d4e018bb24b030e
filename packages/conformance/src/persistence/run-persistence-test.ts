import { asError } from '@busbar/core';
import { PersistenceContext } from './support/persistence-context.ts';
import type { PersistenceHarness } from './support/persistence-harness.ts';
import type { PersistenceTest } from './support/persistence-scenario.ts';

/** What one test runs against. */
export interface PersistenceRun<Storage = unknown> {
  create(): Promise<PersistenceHarness<Storage>> | PersistenceHarness<Storage>;
  /** The longest wait for any one signal, in milliseconds. @default 10_000 */
  readonly limitMs?: number;
}

/** Runs one test of one scenario without a test runner. Rejects when the persistence does not conform. */
export async function runPersistenceTest<Storage>(
  test: PersistenceTest,
  run: PersistenceRun<Storage>,
): Promise<void> {
  const harness = (await run.create()) as PersistenceHarness;
  const t = new PersistenceContext(harness, run.limitMs ?? 10_000);
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
