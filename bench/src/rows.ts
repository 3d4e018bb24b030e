import type { Measured } from './rounds.ts';
import type { Measurement, Scenario } from './scenario.ts';
import { type Spread, median, spreadOf } from './statistics.ts';

/** One subject of one scenario, over all rounds: medians, but for what was lost or doubled, which is all there was. */
export interface Row extends Measurement {
  readonly scenario: string;
  readonly subject: string;
  readonly rounds: number;
  /** With each twin before it, paired by round. */
  readonly comparisons: readonly Comparison[];
}

/** Medians of what was measured in pairs; undefined where there is nothing to compare. */
export interface Comparison {
  readonly twin: string;
  /** How many times as fast, or as long a latency. */
  readonly ratio: Spread | undefined;
  /** How many times the CPU a message. */
  readonly cpuRatio: Spread | undefined;
  readonly p50DifferenceMs: Spread | undefined;
}

export function rowsOf(scenario: Scenario, measured: Measured): readonly Row[] {
  const subjects = [...measured];
  return subjects.map(([subject, measurements], place) => {
    const twins = subjects.slice(0, place).filter(([name]) => name.startsWith('twin'));
    const middle = (figure: keyof Measurement): number =>
      median(measurements.map((each) => each[figure]));
    const total = (figure: keyof Measurement): number =>
      measurements.reduce((sum, each) => sum + each[figure], 0);
    return {
      scenario: scenario.name,
      subject,
      messages: middle('messages'),
      perSecond: middle('perSecond'),
      cpuMicrosPerMessage: middle('cpuMicrosPerMessage'),
      p50Ms: middle('p50Ms'),
      p99Ms: middle('p99Ms'),
      peakMemoryMb: middle('peakMemoryMb'),
      lost: total('lost'),
      duplicated: total('duplicated'),
      cpuPercent: middle('cpuPercent'),
      rounds: measurements.length,
      comparisons: twins.map(([twin, its]) => ({
        twin,
        ...compared(measurements, its, scenario.compares === 'latency' ? 'p50Ms' : 'perSecond'),
      })),
    };
  });
}

function compared(
  measurements: readonly Measurement[],
  twin: readonly Measurement[],
  figure: keyof Measurement,
): Omit<Comparison, 'twin'> {
  const ratios = (of: keyof Measurement): Spread | undefined =>
    spreadOfAll(measurements.map((each, round) => each[of] / (twin[round]?.[of] ?? 0)));
  return {
    ratio: ratios(figure),
    cpuRatio: ratios('cpuMicrosPerMessage'),
    p50DifferenceMs: spreadOfAll(
      measurements.map((each, round) => each.p50Ms - (twin[round]?.p50Ms ?? Number.NaN)),
    ),
  };
}

function spreadOfAll(values: readonly number[]): Spread | undefined {
  return values.every((value) => Number.isFinite(value)) ? spreadOf(values) : undefined;
}
