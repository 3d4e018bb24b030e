import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CannotRun } from './head-office/cannot-run.ts';

export const usage = `npm run demo -- [--orders FILE] [--broker BROKER] [--patience SECONDS] [--without HANDLER]

  --orders FILE       orders, one JSON object per line (default: the orders that come with the demo)
  --broker BROKER     finds or starts one and sends through it: rabbitmq
  --patience SECONDS  how long nothing may happen before missing orders are LOST (default: 15)
  --without HANDLER   takes a handler away, such as ShipOrderHandler, to show what is noticed then

  BUSBAR_TRANSPORT    where the messages go, such as amqp://localhost (default: a new SQLite file)`;

const brokers = ['rabbitmq'] as const;

/** A broker that the demo can find or start. */
export type DemoBroker = (typeof brokers)[number];

/** What the demo is asked to do. */
export interface DemoOptions {
  readonly ordersFile: string;
  readonly patienceMs: number;
  /** What to find or start; without it the transport is the environment's choice. */
  readonly broker: DemoBroker | undefined;
  /** The name of a handler class that the services leave out. */
  readonly without: string | undefined;
}

/**
 * @returns undefined when only help was asked for
 * @throws CannotRun
 */
export function readOptions(args: readonly string[]): DemoOptions | undefined {
  const { orders, patience, broker, without, help } = parse(args);
  if (help === true) return undefined;
  const seconds = Number(patience ?? 15);
  if (!(seconds > 0)) {
    throw new CannotRun(`--patience is "${patience}"; write a number of seconds.`);
  }
  return {
    ordersFile: orders ?? fileURLToPath(new URL('../orders.jsonl', import.meta.url)),
    patienceMs: seconds * 1000,
    broker: broker === undefined ? undefined : readBroker(broker),
    without,
  };
}

function readBroker(name: string): DemoBroker {
  const broker = brokers.find((each) => each === name);
  if (broker === undefined) {
    throw new CannotRun(`--broker is "${name}"; it can be ${brokers.join(', ')}.`);
  }
  if (process.env['BUSBAR_TRANSPORT'] !== undefined) {
    throw new CannotRun('--broker and BUSBAR_TRANSPORT are both given; leave one away.');
  }
  return broker;
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        orders: { type: 'string' },
        patience: { type: 'string' },
        broker: { type: 'string' },
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
