import { BusbarError } from '../errors.ts';
import { type Duration, toMilliseconds } from '../time/duration.ts';

/** When delayed retries happen: the n-th one (from 1) waits `delayMs(n)`. */
export interface DelayedRetries {
  readonly attempts: number;
  /** For diagnostics, such as `linear 10s`. */
  readonly description: string;
  /** @param random A number from 0 up to 1, for the jitter. */
  delayMs(attempt: number, random: number): number;
}

/** The same delay each time. */
export function fixed(options: {
  readonly attempts: number;
  readonly delay: Duration;
}): DelayedRetries {
  const attempts = wholeNumber(options.attempts);
  const delay = toMilliseconds(options.delay, 'recoverability.delayed.delay');
  return { attempts, description: `fixed ${delay} ms`, delayMs: () => delay };
}

/** The n-th delay is n times `step`. */
export function linear(options: {
  readonly attempts: number;
  readonly step: Duration;
}): DelayedRetries {
  const attempts = wholeNumber(options.attempts);
  const step = toMilliseconds(options.step, 'recoverability.delayed.step');
  return { attempts, description: `linear ${step} ms`, delayMs: (attempt) => attempt * step };
}

/** Options of {@link exponential}. */
export interface ExponentialOptions {
  readonly attempts: number;
  /** The first delay. */
  readonly from: Duration;
  /** The longest delay, jitter included. */
  readonly to: Duration;
  /** @default 2 */
  readonly factor?: number;
  /**
   * The share of each delay that is random, 0 to 1, so that messages that failed together do not come back together.
   * 0.2 spreads a delay evenly over 80 % to 120 % of it.
   *
   * @default 0.2
   */
  readonly jitter?: number;
}

/** Each delay is `factor` times the one before, up to `to`. */
export function exponential(options: ExponentialOptions): DelayedRetries {
  const attempts = wholeNumber(options.attempts);
  const from = toMilliseconds(options.from, 'recoverability.delayed.from');
  const to = toMilliseconds(options.to, 'recoverability.delayed.to');
  const factor = options.factor ?? 2;
  const jitter = options.jitter ?? 0.2;
  if (!(jitter >= 0 && jitter <= 1)) throw invalid('jitter', jitter, 'a number from 0 to 1');
  if (!(factor >= 1 && Number.isFinite(factor))) throw invalid('factor', factor, 'a number from 1');
  if (to < from) throw invalid('to', options.to, `at least \`from\` (${options.from})`);
  return {
    attempts,
    description: `exponential ${from} ms to ${to} ms, factor ${factor}, jitter ${jitter}`,
    delayMs(attempt, random) {
      const middle = Math.min(to, from * factor ** (attempt - 1));
      return Math.min(to, Math.round(middle * (1 + jitter * (2 * random - 1))));
    },
  };
}

function wholeNumber(attempts: number): number {
  if (Number.isInteger(attempts) && attempts >= 0) return attempts;
  throw invalid('attempts', attempts, 'a whole number from 0');
}

function invalid(option: string, value: unknown, wanted: string): BusbarError {
  return new BusbarError(
    'INVALID_CONFIGURATION',
    `recoverability.delayed.${option} is ${String(value)}.`,
    { help: `Give it ${wanted}.`, details: { setting: `recoverability.delayed.${option}` } },
  );
}
