import { cpus, loadavg } from 'node:os';
import { readArguments, usage } from './arguments.ts';
import { printJson, printTable } from './print-rows.ts';
import { measureRounds } from './rounds.ts';
import { rowsOf } from './rows.ts';
import type { Scenario } from './scenario.ts';
import { allScenarios } from './scenarios.ts';

const quotable = 7;

try {
  const { json, rounds, scenarios, messages, help } = readArguments(process.argv.slice(2));
  if (help) {
    console.log(usage);
  } else {
    // Standard output is for the results alone, so that it can be piped.
    console.error(machine());
    if (rounds < quotable) console.error(`Fewer than ${quotable} rounds: do not quote these.`);
    for (const scenario of await possible(await chosen(scenarios))) {
      console.error(`${scenario.name}: ${rounds} rounds`);
      const measured = await measureRounds(scenario, rounds, messages ?? scenario.messages);
      const rows = rowsOf(scenario, measured);
      if (json) printJson(rows);
      else printTable(scenario, rows);
    }
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  console.error(`\n${usage}`);
  process.exitCode = 1;
}

async function chosen(names: readonly string[]): Promise<readonly Scenario[]> {
  const all = await allScenarios();
  if (names.length === 0) return all;
  const found = all.filter(({ name }) => names.some((wanted) => name.startsWith(wanted)));
  if (found.length > 0) return found;
  throw new Error(`No scenario is called so; there are ${all.map(({ name }) => name).join(', ')}.`);
}

/** Those that can be measured here; for the others one line for each reason. */
async function possible(scenarios: readonly Scenario[]): Promise<readonly Scenario[]> {
  const measurable: Scenario[] = [];
  const skipped = new Map<string, string[]>();
  for (const scenario of scenarios) {
    const problem = await scenario.problem?.();
    if (problem === undefined) measurable.push(scenario);
    else skipped.set(problem, [...(skipped.get(problem) ?? []), scenario.name]);
  }
  for (const [problem, names] of skipped) console.error(`${problem} Skipped: ${names.join(', ')}.`);
  return measurable;
}

/** The load says how far to trust the absolute numbers. */
function machine(): string {
  const [busy = 0] = loadavg();
  const model = cpus()[0]?.model ?? 'unknown';
  return `Node ${process.versions.node}, ${cpus().length} × ${model}, load ${busy.toFixed(2)}`;
}
