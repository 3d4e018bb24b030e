import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CannotRun } from './head-office/cannot-run.ts';

export const usage = `npm run demo -- [--orders FILE] [--broker BROKER] [--patience SECONDS] [--without HANDLER]
               [--instances COUNT] [--serve]

  --orders FILE       orders, one JSON object per line (default: the orders that come with the demo)
  --broker BROKER     finds or starts one and sends through it: rabbitmq; sqs and servicebus are emulators
  --patience SECONDS  how long nothing may happen before missing orders are LOST (default: 15)
  --without HANDLER   takes a handler or saga away, such as ShippingSaga, to show what is noticed then
  --instances COUNT   how many processes each service has (default: 1)
  --serve             keeps the shop open, with its page, until Ctrl-C

  BUSBAR_TRANSPORT    where the messages go, such as amqp://localhost (default: a new SQLite file)
  BUSBAR_DATABASE     where the data is, such as postgres://localhost/shop (default: SQLite)
  BUSBAR_WEB_PORT     the port of the page (default: any that is free)`;

const brokers = ['rabbitmq', 'sqs', 'servicebus'] as const;

/** A broker that the demo can find or start. */
export type DemoBroker = (typeof brokers)[number];

/** What the demo is asked to do. */
export interface DemoOptions {
  readonly ordersFile: string;
  readonly patienceMs: number;
  /** What to find or start; without it the transport is the environment's choice. */
  readonly broker: DemoBroker | undefined;
  /** The name of a handler class or saga that the services leave out. */
  readonly without: string | undefined;
  /** Processes of each service. */
  readonly instances: number;
  /** Whether the shop stays open when all orders have an outcome. */
  readonly serve: boolean;
}

/**
 * @returns undefined when only help was asked for
 * @throws CannotRun
 */
export function readOptions(args: readonly string[]): DemoOptions | undefined {
  const { orders, patience, broker, without, instances, serve, help } = parse(args);
  if (help === true) return undefined;
  const seconds = Number(patience ?? 15);
  if (!(seconds > 0)) {
    throw new CannotRun(`--patience is "${patience}"; write a number of seconds.`);
  }
  const count = Number(instances ?? 1);
  if (!(Number.isInteger(count) && count >= 1 && count <= 8)) {
    throw new CannotRun(`--instances is "${instances}"; write a number from 1 to 8.`);
  }
  return {
    ordersFile: orders ?? fileURLToPath(new URL('../orders.jsonl', import.meta.url)),
    patienceMs: seconds * 1000,
    broker: broker === undefined ? undefined : readBroker(broker),
    without,
    instances: count,
    serve: serve ?? false,
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
        instances: { type: 'string' },
        serve: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    return values;
  } catch (error) {
    const [problem = ''] = (error as Error).message.split(/[.\n]/, 1);
    throw new CannotRun(`${problem}. --help lists the options.`);
  }
}
