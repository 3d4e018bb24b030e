import type { TransportCapabilities } from '@busbar/core';
import type { ScenarioContext } from './scenario-context.ts';

/** The body of one test. It fails by rejecting; it knows no test runner. */
export type ScenarioTest = (t: ScenarioContext) => Promise<void>;

/** How a scenario is run. */
export interface ScenarioSettings {
  /** `each` repeats the tests in every transaction mode of the transport. @default 'once' */
  readonly modes?: 'each' | 'once';
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
