import type { Measured } from './rounds.ts';
import type { Measurement, Scenario } from './scenario.ts';
import { type Spread, median, spreadOf } from './statistics.ts';

/** One subject of one scenario, over all rounds: medians, but for what was lost or doubled, which is all there was. */
export interface Row extends Measurement {
  readonly scenario: string;
  readonly subject: string;
  readonly rounds: number;
  /** To the twin of the same round: how many times as fast, or as long a latency. Of the twin itself undefined. */
  readonly ratio: Spread | undefined;
  /** To the twin of the same round: how many times the CPU a message. */
  readonly cpuRatio: Spread | undefined;
}

export function rowsOf(scenario: Scenario, measured: Measured): readonly Row[] {
  const [twin = []] = measured.values();
  return [...measured].map(([subject, measurements]) => {
    const ratioOf = (figure: keyof Measurement): Spread | undefined => {
      if (measurements === twin) return undefined;
      const pairs = measurements.map((each, round) => each[figure] / (twin[round]?.[figure] ?? 0));
      // Of what does not handle messages there is nothing to compare.
      return pairs.every((ratio) => Number.isFinite(ratio)) ? spreadOf(pairs) : undefined;
    };
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
      ratio: ratioOf(scenario.compares === 'latency' ? 'p50Ms' : 'perSecond'),
      cpuRatio: ratioOf('cpuMicrosPerMessage'),
    };
  });
}
