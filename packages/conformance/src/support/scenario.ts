import type { TransactionMode, TransportCapabilities } from '@busbar/core';
import type { ScenarioContext } from './scenario-context.ts';

/** The body of one test. It fails by rejecting; it knows no test runner. */
export type ScenarioTest = (t: ScenarioContext) => Promise<void>;

/** How a scenario is run. */
export interface ScenarioSettings {
  /** `each` repeats the tests in every transaction mode of the transport; a mode is the only one. @default 'once' */
  readonly modes?: 'each' | 'once' | TransactionMode;
  /** Why the scenario does not apply to a transport; undefined when it does. */
  readonly inapplicable?: (capabilities: TransportCapabilities) => string | undefined;
}

/** One situation and what should happen in it. */
export interface Scenario extends ScenarioSettings {
  /** The title with hyphens; the name of its file. */
  readonly name: string;
  readonly title: string;
  /** By sentences that begin with "should". */
  readonly tests: Readonly<Record<string, ScenarioTest>>;
}

export function scenario(
  title: string,
  settings: ScenarioSettings,
  tests: Readonly<Record<string, ScenarioTest>>,
): Scenario {
  return { name: title.replaceAll(' ', '-'), title, tests, ...settings };
}

/** The modes in which a scenario is run where these are offered. */
export function modesOf(
  { modes = 'once' }: ScenarioSettings,
  offered: readonly TransactionMode[],
): readonly TransactionMode[] {
  if (modes === 'each') return offered;
  if (modes === 'once') return offered.slice(0, 1);
  return offered.filter((mode) => mode === modes);
}
