import type { Row } from './rows.ts';
import type { Scenario } from './scenario.ts';
import type { Spread } from './statistics.ts';

/** A line for each target of a scenario: what was measured, and whether that meets it. */
export function verdicts({ targets }: Scenario, rows: readonly Row[]): readonly string[] {
  const row = rows.at(-1);
  const found = row?.comparisons.find(({ twin }) => twin === targets?.twin);
  if (targets === undefined || found === undefined) return [];
  const { mostCpu, leastSpeed, mostP50DifferenceMs } = targets;
  return [
    verdict(`CPU ÷ ${found.twin}`, found.cpuRatio, 'at most', mostCpu),
    verdict(`msg/s ÷ ${found.twin}`, found.ratio, 'at least', leastSpeed),
    verdict(`p50 − ${found.twin}, ms`, found.p50DifferenceMs, 'at most', mostP50DifferenceMs),
  ].filter((line) => line !== undefined);
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
