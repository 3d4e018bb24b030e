import type { DemoOptions } from '../demo-options.ts';
import { CannotRun } from './cannot-run.ts';
import { clearAway } from './clear-away.ts';
import { findBroker } from './demo-broker.ts';
import { startRun } from './demo-run.ts';
import { oneLine } from './one-line.ts';
import { OrderBook } from './order-book.ts';
import { outcomeSummary, outcomeTable } from './outcome-table.ts';
import { readOrders } from './read-orders.ts';
import { Screen } from './screen.ts';
import { Vigil } from './vigil.ts';
import { work } from './working-day.ts';

const exitCodes = { fine: 0, bad: 1, interrupted: 130 } as const;

/**
 * Sends the orders of a file to the services, collects what becomes of them, and prints it.
 *
 * @returns the exit code: 0 when every line was an order, and every order was shipped once, cancelled, or rejected for a
 * business reason
 * @throws CannotRun, BusbarError
 */
export async function runHeadOffice(options: DemoOptions): Promise<number> {
  const screen = new Screen();
  const { ordersFile, patienceMs, without, broker, instances, serve } = options;
  const { orders, malformed } = await readOrders(ordersFile);
  for (const problem of malformed) screen.problem(problem);
  if (orders.length === 0) throw new CannotRun(`${ordersFile} holds no order that can be read.`);
  await using found = broker === undefined ? undefined : await findBroker(broker);
  const run = await startRun(without, found?.url);
  const book = new OrderBook(orders);
  using vigil = new Vigil(book, patienceMs);
  const result = { bad: true };
  const report = (): void => {
    const outcomes = book.outcomes();
    screen.say(`\n${outcomeTable(outcomes)}\n\n${outcomeSummary(outcomes)}`);
    if (malformed.length > 0) screen.say(describeMalformed(malformed.length));
    const bad = outcomes.some(({ fate }) => ['LOST', 'DUPLICATE', 'failed'].includes(fate));
    result.bad = bad || malformed.length > 0;
  };
  const day = { run, book, vigil, screen, instances, serve, patienceMs, report };
  const { verdict, audited } = await work(orders, day);
  await clearAway(run).catch((error: unknown) => {
    screen.problem(`What this run made stays there: ${oneLine(String(error), 200)}`);
  });
  if (verdict === 'interrupted') return exitCodes.interrupted;
  return result.bad || !audited ? exitCodes.bad : exitCodes.fine;
}

function describeMalformed(lines: number): string {
  return `${lines === 1 ? '1 line of the file is' : `${lines} lines of the file are`} malformed, see above`;
}
