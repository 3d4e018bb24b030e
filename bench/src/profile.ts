import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

/**
 * Profiles `run` into the file that BUSBAR_BENCH_PROFILE names, if it does: what is counted and nothing else, where
 * `--cpu-prof` would show the start and the filling of queues too. A run that is profiled is slower.
 */
export async function profiled(run: () => Promise<void>): Promise<void> {
  const file = process.env['BUSBAR_BENCH_PROFILE'];
  if (file === undefined) return run();
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 200 });
  await session.post('Profiler.start');
  await run();
  const { profile } = await session.post('Profiler.stop');
  writeFileSync(file, JSON.stringify(profile));
  session.disconnect();
}
