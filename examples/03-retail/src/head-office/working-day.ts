import path from 'node:path';
import { type Endpoint, type Logger, asError, createEndpoint } from '@busbar/core';
import { inversify } from '@busbar/inversify';
import { Container } from 'inversify';
import { type Order, OrderRefused, type routes } from '../contracts.ts';
import { retailOptions } from '../retail-options.ts';
import { auditBooks } from './audit.ts';
import type { DemoRun } from './demo-run.ts';
import { openErrorDesk } from './error-desk.ts';
import { fileLogger } from './file-logger.ts';
import { oneLine } from './one-line.ts';
import { type FailedMessage, OrderBook } from './order-book.ts';
import { placeOrders } from './place-orders.ts';
import { ReportsHandler } from './reports-handler.ts';
import { RollCall } from './roll-call.ts';
import type { Screen } from './screen.ts';
import { serviceNames, startServices } from './services.ts';
import { Storefront } from './storefront.ts';
import type { Verdict, Vigil } from './vigil.ts';

/** What a day at the head office needs. */
export interface Day {
  readonly run: DemoRun;
  readonly book: OrderBook;
  readonly vigil: Vigil;
  readonly screen: Screen;
  readonly instances: number;
  readonly serve: boolean;
  readonly patienceMs: number;
  /** Prints what became of the orders. */
  report(): void;
}

/** How the day ended. */
export interface DayEnd {
  readonly verdict: Verdict | 'complete';
  /** Whether the books of billing and shipping were read. */
  readonly audited: boolean;
}

/**
 * Resolves when every order has an outcome, or there is no more hope for one, and with `serve` when the user ends it;
 * everything is stopped by then.
 */
export async function work(orders: readonly Order[], day: Day): Promise<DayEnd> {
  const { run, book, vigil, screen } = day;
  const storefront = new Storefront();
  const rollCall = new RollCall(serviceNames, day.instances, (service, pid, address) => {
    book.touch();
    if (address !== undefined) storefront.moved(address);
    screen.say(`${service} is ready (pid ${pid})${address === undefined ? '' : `: ${address}`}`);
  });
  const logger = fileLogger(path.join(run.folder, 'head-office.log'));
  await using office = createOffice(run, book, rollCall, logger);
  await office.start();
  screen.say(`${orders.length} orders by ${run.transport.address}, logs in ${run.folder}`);
  await using _errorDesk = await openErrorDesk(run, logger, (failed) =>
    refuse(failed, office, day),
  );
  await using _services = startServices(run, day.instances, {
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
  const allOutcomes = async (): Promise<'complete'> => {
    await rollCall.complete;
    void placeOrders(orders, { office, storefront, book });
    await book.complete;
    return 'complete';
  };
  const verdict = await Promise.race([allOutcomes(), vigil.over]);
  clearInterval(progress);
  screen.endProgress();
  for (const service of rollCall.missing) screen.problem(`${service} never reported for duty.`);
  if (verdict === 'silence') screen.problem(`Nothing was heard for ${day.patienceMs / 1000} s.`);
  if (verdict === 'interrupted') screen.problem(`Interrupted: ${book.progress()}.`);
  const audited = await audit(verdict, office, day);
  if (verdict !== 'interrupted') day.report();
  if (verdict === 'complete' && day.serve) {
    vigil.bearSilence();
    screen.say('\nThe shop stays open at the address above, until Ctrl-C.');
    await vigil.over;
  }
  return { verdict, audited };
}

/** Everybody who knows the order should hear that it went no further. */
async function refuse(
  failed: FailedMessage,
  office: Endpoint<typeof routes>,
  { book, screen }: Day,
): Promise<void> {
  const { orderId, service, reason } = failed;
  if (orderId !== undefined) await office.publish(new OrderRefused({ orderId, reason }));
  if (book.failed(failed)) return;
  const what = orderId === undefined ? 'of no order' : `of ${oneLine(orderId, 40)}`;
  screen.problem(`In the error queue, but ${what}: ${service}: ${oneLine(reason, 200)}`);
}

async function audit(
  verdict: DayEnd['verdict'],
  office: Endpoint<typeof routes>,
  { book, screen }: Day,
): Promise<boolean> {
  if (verdict === 'interrupted' || verdict === 'service down') return false;
  try {
    await auditBooks(office, book);
    return true;
  } catch (error) {
    screen.problem(`The books could not be read: ${oneLine(asError(error).message, 200)}`);
    return false;
  }
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
