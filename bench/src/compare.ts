import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Ledger } from './ledger.ts';
import type { scenarioNamed } from './scenarios.ts';
import { median, percentile } from './statistics.ts';

// Compares this checkout with another one: both in this process, taking turns, so that whatever else the machine does
// meets both. Precise to 1 or 2 % where separate processes give 10. Started on the sources, which need no build:
// node --conditions=@busbar/source bench/src/compare.ts OTHER_CHECKOUT [--scenario NAME] [--slice N] [--pairs N]

/** Turns before the first one that counts, for the compiler. */
const warmUpTurns = 6;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scenario: { type: 'string', default: 'memory-send-and-handle' },
    slice: { type: 'string', default: '10000' },
    pairs: { type: 'string', default: '120' },
  },
});
const [other] = positionals;
if (other === undefined) throw new Error('Name the other checkout.');
const slice = Number(values.slice);
const endings: (() => Promise<void>)[] = [];

const own = await turns(resolve(import.meta.dirname, '../..'));
const others = await turns(resolve(other));
for (let turn = 0; turn < warmUpTurns; turn += 1) {
  await others();
  await own();
}
const pairs: { readonly own: number; readonly others: number }[] = [];
for (let pair = 0; pair < Number(values.pairs); pair += 1) {
  if (pair % 2 === 0) pairs.push({ others: await others(), own: await own() });
  else pairs.push({ own: await own(), others: await others() });
}
const ratios = pairs.map((pair) => pair.own / pair.others);
console.log(
  `${values.scenario}: ${median(pairs.map((pair) => pair.others)).toFixed(2)} µs of CPU a message there, ` +
    `${median(pairs.map((pair) => pair.own)).toFixed(2)} here; here ÷ there ${median(ratios).toFixed(3)} ` +
    `(quartiles ${percentile(ratios, 0.25).toFixed(3)}–${percentile(ratios, 0.75).toFixed(3)})`,
);
for (const end of endings) await end();
process.exit(0);

/** Gives a function that runs one slice with the code of a checkout and gives its CPU a message. */
async function turns(checkout: string): Promise<() => Promise<number>> {
  const load = (file: string): Promise<unknown> =>
    import(pathToFileURL(join(checkout, 'bench/src', file)).href);
  const scenarios = (await load('scenarios.ts')) as { scenarioNamed: typeof scenarioNamed };
  const scenario = await scenarios.scenarioNamed(values.scenario);
  const ledgers = (await load('ledger.ts')) as { Ledger: typeof Ledger };
  const directory = mkdtempSync(join(tmpdir(), 'busbar-compare-'));
  const workload = await scenario.subjects['busbar']?.({ directory });
  if (workload === undefined) throw new Error(`${checkout} has no such scenario.`);
  endings.push(async () => {
    await workload.close();
    await scenario.cleanUp?.({ directory });
    rmSync(directory, { recursive: true, force: true });
  });
  let first = 0;
  return async () => {
    const ledger = new ledgers.Ledger(first, slice);
    first += slice;
    await workload.prepare?.(ledger);
    const before = process.cpuUsage();
    await workload.run(ledger);
    const { user, system } = process.cpuUsage(before);
    if (ledger.lost > 0) throw new Error(`${checkout} lost ${ledger.lost} messages.`);
    return (user + system) / slice;
  };
}
