import type { Row } from './rows.ts';
import type { Scenario } from './scenario.ts';
import type { Spread } from './statistics.ts';

/** A line for each target of a scenario: what was measured, and whether that meets it. */
export function verdicts({ targets = [] }: Scenario, rows: readonly Row[]): readonly string[] {
  return targets.flatMap(({ twin, mostCpu, leastSpeed, mostP50DifferenceMs }) => {
    const found = rows.at(-1)?.comparisons.find((each) => each.twin === twin);
    if (found === undefined) return [];
    return [
      verdict(`CPU ÷ ${twin}`, found.cpuRatio, 'at most', mostCpu),
      verdict(`msg/s ÷ ${twin}`, found.ratio, 'at least', leastSpeed),
      verdict(`p50 − ${twin}, ms`, found.p50DifferenceMs, 'at most', mostP50DifferenceMs),
    ].filter((line) => line !== undefined);
  });
}

function verdict(
  what: string,
  measured: Spread | undefined,
  bound: 'at most' | 'at least',
  limit: number | undefined,
): string | undefined {
  if (measured === undefined || limit === undefined) return undefined;
  const { median } = measured;
  const met = bound === 'at most' ? median <= limit : median >= limit;
  return `Target: ${what} ${bound} ${limit}. It is ${median.toFixed(2)}: ${met ? 'met' : 'missed'}.`;
}
