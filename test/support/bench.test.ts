import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

const main = path.join(import.meta.dirname, '../../bench/src/main.ts');

/** What `npm run bench -- --json` prints, each line an object. */
function bench(...options: string[]): readonly Record<string, unknown>[] {
  const args = ['--conditions=@busbar/source', '--no-warnings', main, '--json', ...options];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

// That it works, never how fast: the machine decides about that.
test.each(['memory-send-and-handle', 'sqlite-round-trip'])(
  'should measure %s without losing or doubling a message',
  (scenario) => {
    const rows = bench('--scenario', scenario, '--rounds', '1', '--messages', '200');
    expect(rows.map(({ subject }) => subject)).toEqual(['twin', 'busbar']);
    for (const row of rows) {
      expect(row).toMatchObject({ scenario, messages: 200, lost: 0, duplicated: 0, rounds: 1 });
      for (const figure of ['perSecond', 'cpuMicrosPerMessage', 'p50Ms', 'p99Ms', 'peakMemoryMb']) {
        expect(row[figure]).toBeGreaterThan(0);
      }
    }
  },
);
