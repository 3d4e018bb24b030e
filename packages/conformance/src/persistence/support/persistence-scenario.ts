import type { PersistenceCapabilities } from '@busbar/core';
import type { PersistenceContext } from './persistence-context.ts';

/** The body of one test. It fails by rejecting; it knows no test runner. */
export type PersistenceTest = (t: PersistenceContext) => Promise<void>;

/** One situation and what should happen in it. */
export interface PersistenceScenario {
  /** The title with hyphens; the name of its file. */
  readonly name: string;
  readonly title: string;
  /** What a persistence must have for the scenario to apply. */
  readonly needs: readonly (keyof PersistenceCapabilities)[];
  /** By sentences that begin with "should". */
  readonly tests: Readonly<Record<string, PersistenceTest>>;
}

export function persistenceScenario(
  title: string,
  needs: PersistenceScenario['needs'],
  tests: PersistenceScenario['tests'],
): PersistenceScenario {
  return { name: title.replaceAll(' ', '-'), title, needs, tests };
}
