import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CannotRun } from './head-office/cannot-run.ts';

export const usage = `npm run demo -- [--orders FILE] [--patience SECONDS] [--without HANDLER]

  --orders FILE       orders, one JSON object per line (default: the orders that come with the demo)
  --patience SECONDS  how long nothing may happen before missing orders are LOST (default: 15)
  --without HANDLER   takes a handler away, such as ShipOrderHandler, to show what is noticed then

  BUSBAR_TRANSPORT    where the messages go, such as amqp://localhost (default: a new SQLite file)`;

/** What the demo is asked to do. */
export interface DemoOptions {
  readonly ordersFile: string;
  readonly patienceMs: number;
  /** The name of a handler class that the services leave out. */
  readonly without: string | undefined;
}

/**
 * @returns undefined when only help was asked for
 * @throws CannotRun
 */
export function readOptions(args: readonly string[]): DemoOptions | undefined {
  const { orders, patience, without, help } = parse(args);
  if (help === true) return undefined;
  const seconds = Number(patience ?? 15);
  if (!(seconds > 0)) {
    throw new CannotRun(`--patience is "${patience}"; write a number of seconds.`);
  }
  return {
    ordersFile: orders ?? fileURLToPath(new URL('../orders.jsonl', import.meta.url)),
    patienceMs: seconds * 1000,
    without,
  };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        orders: { type: 'string' },
        patience: { type: 'string' },
        without: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return values;
  } catch (error) {
    const [problem = ''] = (error as Error).message.split(/[.\n]/, 1);
    throw new CannotRun(`${problem}. --help lists the options.`);
  }
}
