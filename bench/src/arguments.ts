import { parseArgs } from 'node:util';

/** What the command line asks for. */
export interface BenchArguments {
  readonly json: boolean;
  readonly rounds: number;
  /** Names, or beginnings of names; all scenarios when there are none. */
  readonly scenarios: readonly string[];
  readonly messages: number | undefined;
  readonly help: boolean;
}

export const usage = `npm run bench -- [NAME]… [--rounds N] [--messages N] [--json]

  NAME             only this scenario, or those whose names begin so; --scenario NAME is the same
  --rounds N       rounds of all subjects, 7 by default; fewer are for a first look, not for quoting
  --messages N     messages of each measurement, instead of each scenario's own number
  --json           one JSON object a row instead of tables`;

/** @throws Error that says what is wrong. */
export function readArguments(args: readonly string[]): BenchArguments {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '7' },
      messages: { type: 'string' },
      scenario: { type: 'string', multiple: true, default: [] },
    },
  });
  return {
    json: values.json,
    help: values.help,
    rounds: wholeNumber('rounds', values.rounds),
    scenarios: [...values.scenario, ...positionals],
    messages: values.messages === undefined ? undefined : wholeNumber('messages', values.messages),
  };
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`--${option} is "${text}"; it takes a whole number from 1.`);
}
