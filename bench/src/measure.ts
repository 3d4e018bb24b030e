import { Ledger } from './ledger.ts';
import { type Partner, openPartner } from './partner.ts';
import { profiled } from './profile.ts';
import type { Measurement, Workload } from './scenario.ts';
import { scenarioNamed } from './scenarios.ts';
import { type Usage, usageOf } from './usage.ts';

// The entry of a child process: one subject each, so that what another one has allocated or compiled can neither help
// nor harm it. Its start-up is over when the clock begins to run. Started by hand it can be profiled: `node --expose-gc
// bench/dist/measure.js memory-send-and-handle busbar 300000 .busbar` with BUSBAR_BENCH_PROFILE=memory.cpuprofile.

/** After this a run is given up, and what has not arrived by then counts as lost. */
const longestRunMs = 120_000;

const [scenarioName = '', subjectName = '', size = '0', directory = ''] = process.argv.slice(2);
const {
  subjects,
  partners,
  cleanUp,
  warmUp: warmUpShare = 0.25,
} = await scenarioNamed(scenarioName);
const subject = subjects[subjectName];
if (subject === undefined) throw new Error(`There is no subject "${subjectName}".`);
const workload = await subject({ directory });
const partner =
  partners === undefined ? undefined : openPartner([scenarioName, subjectName, directory]);
const measurement = await measure(workload, partner, Number(size));
if (process.send === undefined) {
  console.log(measurement);
  await cleanUp?.({ directory });
} else {
  process.send(measurement);
}
process.exit(0);

async function measure(
  own: Workload,
  other: Partner | undefined,
  messages: number,
): Promise<Measurement> {
  const warmUp = new Ledger(0, Math.ceil(messages * warmUpShare));
  await own.prepare?.(warmUp);
  await run(own, other, warmUp);
  const ledger = new Ledger(warmUp.size, messages);
  await own.prepare?.(ledger);
  globalThis.gc?.();
  const otherBefore = await other?.usage();
  const before = usageOf(process);
  await profiled(() => run(own, other, ledger));
  const after = usageOf(process);
  const otherAfter = await other?.usage();
  const arrived = await own.arrived?.();
  await other?.close();
  await own.close();
  if (arrived !== undefined) ledger.recount(arrived);
  const used = sum(between(before, after), between(otherBefore, otherAfter));
  const elapsedMs = after.atMs - before.atMs;
  return {
    messages,
    perSecond: (messages - ledger.lost) / (elapsedMs / 1_000),
    cpuMicrosPerMessage: used.cpuMicros / messages,
    cpuPercent: used.cpuMicros / elapsedMs / 10,
    p50Ms: ledger.latency(0.5),
    p99Ms: ledger.latency(0.99),
    peakMemoryMb: used.peakMemoryMb,
    lost: ledger.lost,
    duplicated: ledger.duplicated,
  };
}

async function run(own: Workload, other: Partner | undefined, ledger: Ledger): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, longestRunMs);
  await Promise.race([Promise.all([own.run(ledger), other?.run(ledger)]), late.promise]);
  clearTimeout(timer);
}

type Used = Omit<Usage, 'atMs'>;

function between(before: Usage | undefined, after: Usage | undefined): Used {
  if (before === undefined || after === undefined) return { cpuMicros: 0, peakMemoryMb: 0 };
  return { cpuMicros: after.cpuMicros - before.cpuMicros, peakMemoryMb: after.peakMemoryMb };
}

function sum(one: Used, other: Used): Used {
  return {
    cpuMicros: one.cpuMicros + other.cpuMicros,
    peakMemoryMb: one.peakMemoryMb + other.peakMemoryMb,
  };
}
