import { BusbarError } from '../errors.ts';

/** A span of time: milliseconds, or a number with its unit, such as `'250ms'`, `'5s'`, `'10m'`, `'2h'`, `'7d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * `duration` in whole milliseconds, rounded up, so that nothing is due too early.
 *
 * @param settingName where it was written, for the error
 * @throws BusbarError INVALID_DURATION when it is no duration, negative, or beyond what a number counts exactly
 */
export function toMilliseconds(duration: Duration, settingName: string): number {
  const exact = typeof duration === 'number' ? duration + 0 : parse(duration);
  // Without the noise of binary fractions: 0.07 * 1000 is a little more than 70.
  const ms = Math.ceil(Number(exact.toFixed(6)));
  if (exact >= 0 && Number.isSafeInteger(ms)) return ms;
  throw new BusbarError(
    'INVALID_DURATION',
    `${settingName} is ${show(duration)}, which is no duration.`,
    {
      details: { setting: settingName, value: show(duration) },
    },
  );
}

function parse(text: unknown): number {
  const match = typeof text === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) : null;
  return match === null ? Number.NaN : Number(match[1]) * (unitMs[match[2] as string] as number);
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value);
}
