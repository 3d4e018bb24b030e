import type { TransactionMode, TransportCapabilities } from '@busbar/core';
import { describe, test } from 'vitest';
import { runScenarioTest } from './run-scenario-test.ts';
import type { TransportHarness } from './support/harness.ts';
import { NotApplicable } from './support/not-applicable.ts';
import { type Scenario, modesOf } from './support/scenario.ts';
import type { ConformanceSizes } from './support/sizes.ts';
import { transportScenarios } from './transport/transport-scenarios.ts';

/** Options of {@link transportConformance}. */
export interface TransportConformanceOptions {
  /** For the titles, such as `sqlite`. */
  readonly name: string;
  /** Makes what one test works with; called anew for each, so that no test meets another's messages. */
  create(): Promise<TransportHarness> | TransportHarness;
  /** As the transport states them; they choose the scenarios. */
  readonly capabilities: TransportCapabilities;
  /** @default all of `capabilities.transactionModes` */
  readonly transactionModes?: readonly TransactionMode[];
  /**
   * What the transport cannot do, each with the reason: by the name of a scenario (`when-a-consumer-is-killed`), or of one
   * test in it (`when-stopping/should wait for a running handler`). A name that does not exist fails.
   */
  readonly skips?: Readonly<Record<string, string>>;
  readonly sizes?: Partial<ConformanceSizes>;
  /** The longest wait for any one signal, in milliseconds; raise it for slow brokers. @default 10_000 */
  readonly limitMs?: number;
}

/** Registers the scenarios that every transport has to pass with vitest. */
export function transportConformance(options: TransportConformanceOptions): void {
  for (const scenario of transportScenarios) {
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

function register(scenario: Scenario, options: TransportConformanceOptions): void {
  const { capabilities, limitMs = 10_000 } = options;
  const offered = options.transactionModes ?? capabilities.transactionModes;
  const modes = modesOf(scenario, offered);
  if (modes.length === 0) {
    test(`(skipped: the transport has no ${scenario.modes})`, (context) => {
      context.skip(`the transport has no ${scenario.modes}`);
    });
  }
  for (const mode of modes) {
    for (const [title, body] of Object.entries(scenario.tests)) {
      const suffix = scenario.modes === 'each' ? ` (${mode})` : '';
      const reason = skipReason(scenario, title, options);
      if (reason !== undefined) {
        test(`${title}${suffix} (skipped: ${reason})`, (context) => context.skip(reason));
        continue;
      }
      // The waits inside are bounded and say what they waited for; the runner's own limit is the last resort.
      test(`${title}${suffix}`, { timeout: 6 * limitMs }, async (context) => {
        try {
          await runScenarioTest(body, { ...options, mode });
        } catch (error) {
          if (error instanceof NotApplicable) context.skip(error.reason);
          throw error;
        }
      });
    }
  }
}

function skipReason(
  scenario: Scenario,
  title: string,
  { capabilities, skips = {} }: TransportConformanceOptions,
): string | undefined {
  return (
    scenario.inapplicable?.(capabilities) ??
    skips[scenario.name] ??
    skips[`${scenario.name}/${title}`]
  );
}

function unknownSkips(skips: Readonly<Record<string, string>>): string[] {
  const known = new Set(
    transportScenarios.flatMap(({ name, tests }) => [
      name,
      ...Object.keys(tests).map((title) => `${name}/${title}`),
    ]),
  );
  return Object.keys(skips).filter((name) => !known.has(name));
}
