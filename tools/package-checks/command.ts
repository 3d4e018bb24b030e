import { spawnSync } from 'node:child_process';

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a program to its end, silently if it succeeds; the error of one that fails carries all that it printed. */
export function command(program: string, args: readonly string[], options: CommandOptions): string {
  const result = spawnSync(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.error !== undefined) throw result.error;
  if (result.status !== 0) {
    const printed = `${result.stdout}${result.stderr}`.trim();
    throw new Error(`${program} ${args.join(' ')} ended with ${result.status}:\n${printed}`);
  }
  return result.stdout;
}

/** The pnpm that the repository pins, which need not be installed. */
export function pnpm(args: readonly string[], options: CommandOptions): string {
  return command('npx', ['--yes', 'pnpm@12.18.0', ...args], options);
}
