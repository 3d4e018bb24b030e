import { fork } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Measurement, Scenario } from './scenario.ts';

/** The measurements of each subject, by round. */
export type Measured = ReadonlyMap<string, readonly Measurement[]>;

/**
 * Measures all subjects of a scenario in each round, one after the other, beginning with another one each time: what
 * else the machine does in a round meets all of them, and none has the better place.
 */
export async function measureRounds(
  scenario: Scenario,
  rounds: number,
  messages: number,
): Promise<Measured> {
  const names = Object.keys(scenario.subjects);
  const measured = new Map<string, Measurement[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const index of names.keys()) {
      const name = names[(index + round) % names.length] ?? '';
      measured.get(name)?.push(await measureApart(scenario, name, messages));
    }
  }
  return measured;
}

async function measureApart(
  { name, cleanUp }: Scenario,
  subject: string,
  messages: number,
): Promise<Measurement> {
  // On the disk where the work is done: the directory for temporary files may well be in memory.
  const parent = join(process.cwd(), '.busbar', 'bench');
  mkdirSync(parent, { recursive: true });
  const directory = mkdtempSync(join(parent, `${name}-`));
  try {
    return await forked([name, subject, String(messages), directory]);
  } finally {
    await cleanUp?.({ directory });
    rmSync(directory, { recursive: true, force: true });
  }
}

function forked(names: readonly string[]): Promise<Measurement> {
  const script = join(import.meta.dirname, `measure${import.meta.filename.slice(-3)}`);
  const child = fork(script, names, { execArgv: [...process.execArgv, '--expose-gc'] });
  return new Promise((resolve, reject) => {
    child.once('message', (measurement) => resolve(measurement as Measurement));
    child.once('error', reject);
    child.once('exit', (code) => {
      reject(new Error(`${names[0]} of ${names[1]} ended with ${String(code)}.`));
    });
  });
}
