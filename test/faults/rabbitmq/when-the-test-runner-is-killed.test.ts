import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { until, within } from '../../support/rabbitmq/bounded-wait.ts';
import { programsForTests } from '../../support/rabbitmq/programs-for-tests.ts';
import { answers } from '../../support/rabbitmq/reserved-ports.ts';

const rabbit = await programsForTests();

const runner = path.join(import.meta.dirname, '../../support/rabbitmq/private-node-runner.ts');

interface Started {
  readonly folder: string;
  readonly ports: Readonly<Record<'amqp' | 'epmd', number>>;
  readonly groups: readonly number[];
}

test.for([
  { state: 'runs', args: [] },
  { state: 'is paused', args: ['--paused'] },
])(
  'should leave nothing behind while its broker $state',
  { timeout: 120_000 },
  async ({ args }, context) => {
    rabbit.orSkip(context);
    context.skip(process.platform !== 'linux', 'it looks for processes in /proc');
    const child = spawn(process.execPath, [runner, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await within(70_000, 'a private node', once(child.stdout, 'data'))) as [Buffer];
    const { folder, ports, groups } = JSON.parse(line.toString()) as Started;
    expect(alive(groups)).toBe(true);
    expect(groups).toHaveLength(2);
    expect(existsSync(folder)).toBe(true);

    child.kill('SIGKILL');
    await until(20_000, 'the removal of the folder', () => !existsSync(folder));
    await until(20_000, 'the end of the broker and of epmd', () => !alive(groups));
    expect(await answers(ports.amqp)).toBe(false);
    expect(await answers(ports.epmd)).toBe(false);
  },
);

/** Whether any process of these groups runs; one that only waits to be counted as dead does not. */
function alive(groups: readonly number[]): boolean {
  return globSync('/proc/[0-9]*/stat').some((file) => {
    const [state, , group] = textOf(file).split(') ').at(-1)?.split(' ') ?? [];
    return groups.includes(Number(group)) && state !== 'Z';
  });
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // It ended meanwhile.
    return '';
  }
}
