import type { PersistenceCapabilities } from '@busbar/core';
import { describe, test } from 'vitest';
import { NotApplicable } from '../support/not-applicable.ts';
import { persistenceScenarios } from './persistence-scenarios.ts';
import { runPersistenceTest } from './run-persistence-test.ts';
import type { PersistenceHarness } from './support/persistence-harness.ts';
import type { PersistenceScenario } from './support/persistence-scenario.ts';

/** Options of {@link persistenceConformance}. */
export interface PersistenceConformanceOptions<Storage = unknown> {
  /** For the titles, such as `postgres`. */
  readonly name: string;
  /** Makes what one test works with; called anew for each. */
  create(): Promise<PersistenceHarness<Storage>> | PersistenceHarness<Storage>;
  /** As the persistence states them; they choose the scenarios. */
  readonly capabilities: PersistenceCapabilities;
  /**
   * What the persistence cannot do, each with the reason: by the name of a scenario (`when-joining-a-transaction`), or of
   * one test in it (`when-closing/should be done when it is called again`). A name that does not exist fails.
   */
  readonly skips?: Readonly<Record<string, string>>;
  /** The longest wait for any one signal, in milliseconds; raise it for slow databases. @default 10_000 */
  readonly limitMs?: number;
}

/** Registers the scenarios that every persistence has to pass with vitest. */
export function persistenceConformance<Storage>(
  options: PersistenceConformanceOptions<Storage>,
): void {
  for (const scenario of persistenceScenarios) {
    describe(`${options.name}: ${scenario.title}`, () => {
      register(scenario, options);
    });
  }
  test(`${options.name} should skip nothing that does not exist`, () => {
    const unknown = unknownSkips(options.skips ?? {});
    if (unknown.length === 0) return;
    throw new Error(`\`skips\` names what does not exist: ${unknown.join(', ')}`);
  });
}

function register<Storage>(
  scenario: PersistenceScenario,
  options: PersistenceConformanceOptions<Storage>,
): void {
  const { limitMs = 10_000 } = options;
  for (const [title, body] of Object.entries(scenario.tests)) {
    const reason = skipReason(scenario, title, options);
    const suffix = reason === undefined ? '' : ` (skipped: ${reason})`;
    // The waits inside are bounded and say what they waited for; the runner's own limit is the last resort.
    test(`${title}${suffix}`, { timeout: 6 * limitMs }, async (context) => {
      if (reason !== undefined) context.skip(reason);
      try {
        await runPersistenceTest(body, options);
      } catch (error) {
        if (error instanceof NotApplicable) context.skip(error.reason);
        throw error;
      }
    });
  }
}

function skipReason(
  { name, needs }: PersistenceScenario,
  title: string,
  { capabilities, skips = {} }: PersistenceConformanceOptions,
): string | undefined {
  const missing = needs.find((need) => !capabilities[need]);
  if (missing !== undefined) return `the persistence has no ${missing}`;
  return skips[name] ?? skips[`${name}/${title}`];
}

function unknownSkips(skips: Readonly<Record<string, string>>): string[] {
  const known = new Set(
    persistenceScenarios.flatMap(({ name, tests }) => [
      name,
      ...Object.keys(tests).map((title) => `${name}/${title}`),
    ]),
  );
  return Object.keys(skips).filter((name) => !known.has(name));
}
