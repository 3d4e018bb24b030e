import type { Comparison, Row } from './rows.ts';
import type { Scenario } from './scenario.ts';
import type { Spread } from './statistics.ts';
import { verdicts } from './targets.ts';

/** One JSON object a line; what was not measured is null. */
export function printJson(rows: readonly Row[]): void {
  for (const row of rows) console.log(JSON.stringify(row, rounded));
}

/** Three decimals are more than any of it is good for. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && Number.isFinite(value)
    ? Math.round(value * 1e3) / 1e3
    : value;
}

/** A Markdown table, so that it can be pasted as it is. */
export function printTable(scenario: Scenario, rows: readonly Row[]): void {
  const { compares = 'throughput', name, title } = scenario;
  const latency = compares === 'latency';
  const heads = ['subject', 'msg/s', 'CPU µs/msg', 'CPU %', 'p50 ms', 'p99 ms', 'peak MB'];
  heads.push('lost', 'doubled');
  const twins = rows.at(-1)?.comparisons.map(({ twin }) => twin) ?? [];
  for (const twin of twins) {
    heads.push(`${latency ? 'p50' : 'msg/s'} ÷ ${twin}`, `CPU ÷ ${twin}`);
    if (latency) heads.push(`p50 − ${twin}, ms`);
  }
  const cells = rows.map((row) => [
    row.subject,
    digits(row.perSecond, 0),
    digits(row.cpuMicrosPerMessage, 2),
    digits(row.cpuPercent, 1),
    digits(row.p50Ms, 3),
    digits(row.p99Ms, 3),
    digits(row.peakMemoryMb, 0),
    String(row.lost),
    String(row.duplicated),
    ...twins.flatMap((_, place) => comparisonCells(row.comparisons[place], latency)),
  ]);
  console.log(`\n### ${name}\n\n${title}; ${rows[0]?.messages ?? 0} messages a round.\n`);
  for (const line of aligned([heads, ...cells])) console.log(line);
  for (const line of verdicts(scenario, rows)) console.log(`\n${line}`);
}

function comparisonCells(comparison: Comparison | undefined, latency: boolean): readonly string[] {
  const cells = [spread(comparison?.ratio), spread(comparison?.cpuRatio)];
  if (latency) cells.push(spread(comparison?.p50DifferenceMs));
  return cells;
}

function digits(value: number, decimals: number): string {
  return Number.isFinite(value) ? value.toFixed(decimals) : '–';
}

function spread(value: Spread | undefined): string {
  if (value === undefined) return '–';
  return `${value.median.toFixed(2)} (${value.least.toFixed(2)}–${value.most.toFixed(2)})`;
}

function aligned(lines: readonly (readonly string[])[]): readonly string[] {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  const [head = '', ...body] = lines.map(
    (line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`,
  );
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [head, rule, ...body];
}
