import path from 'node:path';
import { type Endpoint, type Logger, createEndpoint } from '@busbar/core';
import { inversify } from '@busbar/inversify';
import { Container } from 'inversify';
import type { Order, routes } from '../contracts.ts';
import type { DemoOptions } from '../demo-options.ts';
import { retailOptions } from '../retail-options.ts';
import { CannotRun } from './cannot-run.ts';
import { clearAway } from './clear-away.ts';
import { findBroker } from './demo-broker.ts';
import { type DemoRun, startRun } from './demo-run.ts';
import { openErrorDesk } from './error-desk.ts';
import { fileLogger } from './file-logger.ts';
import { oneLine } from './one-line.ts';
import { OrderBook } from './order-book.ts';
import { outcomeSummary, outcomeTable } from './outcome-table.ts';
import { placeOrders } from './place-orders.ts';
import { readOrders } from './read-orders.ts';
import { ReportsHandler } from './reports-handler.ts';
import { RollCall } from './roll-call.ts';
import { Screen } from './screen.ts';
import { serviceNames, startServices } from './services.ts';
import { type Verdict, Vigil } from './vigil.ts';

const exitCodes = { fine: 0, bad: 1, interrupted: 130 } as const;

/**
 * Sends the orders of a file to the services, collects what becomes of them, and prints it.
 *
 * @returns the exit code: 0 when every line was an order, and every order was shipped or rejected for a business reason
 * @throws CannotRun, BusbarError
 */
export async function runHeadOffice(options: DemoOptions): Promise<number> {
  const screen = new Screen();
  const { ordersFile, patienceMs, without, broker } = options;
  const { orders, malformed } = await readOrders(ordersFile);
  for (const problem of malformed) screen.problem(problem);
  if (orders.length === 0) throw new CannotRun(`${ordersFile} holds no order that can be read.`);
  await using found = broker === undefined ? undefined : await findBroker(broker);
  const run = await startRun(without, found?.url);
  const book = new OrderBook(orders);
  using vigil = new Vigil(book, patienceMs);
  const verdict = await operate(orders, { run, book, vigil, screen });
  screen.endProgress();
  await clearAway(run).catch((error: unknown) => {
    screen.problem(`The queues of this run stay on the broker: ${oneLine(String(error), 200)}`);
  });
  if (verdict === 'silence') screen.problem(`Nothing was heard for ${patienceMs / 1000} s.`);
  if (verdict === 'interrupted') {
    screen.problem(`Interrupted: ${book.progress()}.`);
    return exitCodes.interrupted;
  }
  const outcomes = book.outcomes();
  screen.say(`\n${outcomeTable(outcomes)}\n\n${outcomeSummary(outcomes)}`);
  if (malformed.length > 0) screen.say(describeMalformed(malformed.length));
  const bad = outcomes.some(({ fate }) => fate === 'LOST' || fate === 'failed');
  return bad || malformed.length > 0 ? exitCodes.bad : exitCodes.fine;
}

interface Day {
  readonly run: DemoRun;
  readonly book: OrderBook;
  readonly vigil: Vigil;
  readonly screen: Screen;
}

/** Resolves when every order has an outcome, or there is no more hope for one; everything is stopped by then. */
async function operate(orders: readonly Order[], day: Day): Promise<Verdict | 'complete'> {
  const { run, book, vigil, screen } = day;
  const rollCall = new RollCall(serviceNames, (service, pid) => {
    book.touch();
    screen.say(`${service} is ready (pid ${pid})`);
  });
  const logger = fileLogger(path.join(run.folder, 'head-office.log'));
  await using office = createOffice(run, book, rollCall, logger);
  await office.start();
  screen.say(`${orders.length} orders by ${run.transport.address}, logs in ${run.folder}`);
  await using _errorDesk = await openErrorDesk(run, logger, (failed) => {
    if (book.failed(failed)) return;
    const { service, reason } = failed;
    screen.problem(`In the error queue, but of no order: ${service}: ${oneLine(reason, 200)}`);
  });
  await using _services = startServices(run, {
    onRestart: (what) => {
      book.touch();
      screen.problem(what);
    },
    onGivenUp: (what) => {
      screen.problem(what);
      vigil.end('service down');
    },
  });
  const progress = setInterval(() => {
    const { missing } = rollCall;
    screen.progress(missing.length > 0 ? `waiting for ${missing.join(', ')}` : book.progress());
  }, 100);
  const work = async (): Promise<'complete'> => {
    await rollCall.complete;
    void placeOrders(orders, office, book);
    await book.complete;
    return 'complete';
  };
  const verdict = await Promise.race([work(), vigil.over]);
  clearInterval(progress);
  for (const service of rollCall.missing) screen.problem(`${service} never reported for duty.`);
  return verdict;
}

function createOffice(
  run: DemoRun,
  book: OrderBook,
  rollCall: RollCall,
  logger: Logger,
): Endpoint<typeof routes> {
  const container = new Container();
  container.bind(OrderBook).toConstantValue(book);
  container.bind(RollCall).toConstantValue(rollCall);
  return createEndpoint('head-office', {
    ...retailOptions(run.env),
    transport: run.transport,
    container: inversify(container),
    handlers: [ReportsHandler],
    logger,
  });
}

function describeMalformed(lines: number): string {
  return `${lines === 1 ? '1 line of the file is' : `${lines} lines of the file are`} malformed, see above`;
}
