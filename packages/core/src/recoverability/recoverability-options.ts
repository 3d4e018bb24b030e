import { BusbarError } from '../errors.ts';
import { type Duration, toMilliseconds } from '../time/duration.ts';
import {
  type ErrorClass,
  type RecoveryPolicy,
  type RecoverySettings,
  decideRecovery,
} from './decide-recovery.ts';
import { type DelayedRetries, linear } from './delays.ts';
import type { RateLimitSettings } from './rate-limiter.ts';

/** How failed messages are treated. */
export interface RecoverabilityOptions {
  /** Immediate retries after the first failure of a delivery. @default 5 */
  readonly immediate?: number;
  /** Delayed retries: `fixed`, `linear` or `exponential`. @default linear({ attempts: 3, step: '10s' }) */
  readonly delayed?: DelayedRetries;
  /** Errors of these classes go to the error queue at once. */
  readonly unrecoverable?: readonly ErrorClass[];
  /** Decides instead of the default; `decideRecovery` is the default, to fall back on. */
  readonly policy?: RecoveryPolicy;
  /** Slows down when everything fails. @default off */
  readonly rateLimit?: RateLimitOptions;
  /**
   * A message that was started this often without an end is handled alone from then on; one that was alone when its
   * process died goes to the error queue as a crash loop.
   *
   * @default 5
   */
  readonly crashGuard?: number;
  /** What a failed message does to later ones of its partition key, in this process. @default 'continue' */
  readonly onLaneFailure?: LaneFailure;
}

/**
 * `continue`: later messages of the key go on, a delayed retry comes behind them. `block`: they wait until the failed one
 * has succeeded or is in the error queue; its delays are spent in place, on the delivery held.
 */
export type LaneFailure = 'continue' | 'block';

/** See {@link RecoverabilityOptions.rateLimit}. */
export interface RateLimitOptions {
  /** Messages that failed in a row, without one success between them; retries of one message count once. */
  readonly afterFailures: number;
  /** Between two probes; doubles while they fail. @default '1s' */
  readonly pause?: Duration;
  /** @default '30s' */
  readonly longestPause?: Duration;
}

/** The options with every default in place. */
export interface ResolvedRecoverability extends RecoverySettings {
  readonly policy: RecoveryPolicy;
  readonly rateLimit: RateLimitSettings | undefined;
  readonly crashGuard: number;
  readonly onLaneFailure: LaneFailure;
}

/** @throws BusbarError INVALID_CONFIGURATION naming the setting. */
export function resolveRecoverability(options: RecoverabilityOptions = {}): ResolvedRecoverability {
  return {
    immediate: wholeNumber('immediate', options.immediate ?? 5, 0),
    delayed: checkDelayed(options.delayed ?? linear({ attempts: 3, step: '10s' })),
    unrecoverable: checkClasses(options.unrecoverable ?? []),
    policy: checkPolicy(options.policy ?? decideRecovery),
    rateLimit: resolveRateLimit(options.rateLimit),
    crashGuard: wholeNumber('crashGuard', options.crashGuard ?? 5, 1),
    onLaneFailure: checkLaneFailure(options.onLaneFailure ?? 'continue'),
  };
}

/** Without it a wrong value would mean no delayed retries at all. */
function checkDelayed(delayed: DelayedRetries): DelayedRetries {
  const { attempts, delayMs } = delayed as Partial<DelayedRetries>;
  if (typeof attempts === 'number' && typeof delayMs === 'function') return delayed;
  throw invalid('delayed', delayed, 'the result of fixed(…), linear(…) or exponential(…)');
}

function checkClasses(classes: readonly ErrorClass[]): readonly ErrorClass[] {
  const wrong = classes.findIndex((each: unknown) => typeof each !== 'function');
  if (wrong < 0) return classes;
  throw invalid(`unrecoverable[${wrong}]`, classes[wrong], 'a class of errors');
}

function checkPolicy(policy: RecoveryPolicy): RecoveryPolicy {
  if (typeof policy === 'function') return policy;
  throw invalid('policy', policy, 'a function of a failure');
}

function checkLaneFailure(value: LaneFailure): LaneFailure {
  if (value === 'continue' || value === 'block') return value;
  throw invalid('onLaneFailure', value, "'continue' or 'block'");
}

function resolveRateLimit(options: RateLimitOptions | undefined): RateLimitSettings | undefined {
  if (options === undefined) return undefined;
  const pauseMs = toMilliseconds(options.pause ?? '1s', 'recoverability.rateLimit.pause');
  const longestPauseMs = toMilliseconds(
    options.longestPause ?? '30s',
    'recoverability.rateLimit.longestPause',
  );
  return {
    afterFailures: wholeNumber('rateLimit.afterFailures', options.afterFailures, 1),
    pauseMs,
    longestPauseMs: Math.max(pauseMs, longestPauseMs),
  };
}

function wholeNumber(option: string, value: number, least: number): number {
  if (Number.isInteger(value) && value >= least) return value;
  throw invalid(option, value, `a whole number from ${least}`);
}

function invalid(option: string, value: unknown, wanted: string): BusbarError {
  return new BusbarError('INVALID_CONFIGURATION', `recoverability.${option} is ${String(value)}.`, {
    help: `Give it ${wanted}.`,
    details: { setting: `recoverability.${option}` },
  });
}
