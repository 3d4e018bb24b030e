import { BusbarError } from '@busbar/core';
import { readOptions, usage } from './demo-options.ts';
import { CannotRun } from './head-office/cannot-run.ts';
import { runHeadOffice } from './head-office/head-office.ts';
import { oneLine } from './head-office/one-line.ts';

// Whoever read the output has gone; the services end when this process does.
process.stdout.on('error', () => process.exit(1));

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(usage);
  else process.exitCode = await runHeadOffice(options);
} catch (error) {
  const expected = error instanceof CannotRun || error instanceof BusbarError;
  console.error(expected ? oneLine(error.message, 1_000) : error);
  process.exitCode = 2;
}
