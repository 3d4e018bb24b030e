import { setTimeout as sleep } from 'node:timers/promises';
import { type EmulatorControl } from '@busbar/service-bus-emulator';
import { describe, expect, test } from 'vitest';
import { Summary } from '../rabbitmq/support/summary.ts';
import { openBus } from './open-bus.ts';

/** Messages that are handled before the next strike. */
const between = 60;
const window = 32;
const limitMs = 60_000;
const summary = new Summary();

interface Fault {
  readonly what: string;
  /** Called some times while messages are sent and handled. */
  readonly strike: (control: EmulatorControl, worker: string) => void;
  /** Messages that may come more than once, over all strikes: what was on its way, or locked. */
  readonly mostTwice: number;
}

const strikes = 4;

/** Those of queues and topics; not that for tokens, which the SDK would miss for a minute. */
function detachAll(control: EmulatorControl): void {
  for (const entity of control.entities()) control.detachLinks(entity);
}

const faults: readonly Fault[] = [
  {
    what: 'the service throttles',
    strike: (control) => {
      for (const operation of ['send', 'settle', 'manage', 'administer'] as const) {
        control.failNext({ operation, times: 5, condition: 'com.microsoft:server-busy' });
      }
    },
    mostTwice: 0,
  },
  {
    what: 'sends are stored and not confirmed',
    strike: (control) => {
      control.failNext({ operation: 'send', times: 2, afterwards: true });
      control.failNext({ operation: 'send', afterwards: true, dropConnection: true });
    },
    // Of each of the three, a whole batch.
    mostTwice: strikes * 3 * window,
  },
  {
    what: 'settlements are taken and not confirmed',
    strike: (control) => {
      control.failNext({ operation: 'settle', times: 3, afterwards: true });
    },
    mostTwice: 0,
  },
  {
    what: 'locks end',
    strike: (control, worker) => void control.expireLocks(worker),
    mostTwice: strikes * window,
  },
  {
    what: 'links are detached',
    strike: detachAll,
    mostTwice: strikes * window,
  },
  {
    what: 'connections are dropped',
    strike: (control) => void control.dropConnections(),
    mostTwice: strikes * window,
  },
  {
    what: 'credentials have run out for a while',
    strike: (control) => {
      const refusal = { status: 401, condition: 'amqp:unauthorized-access' };
      control.failNext({ operation: 'authorize', times: 6, ...refusal });
      detachAll(control);
    },
    mostTwice: strikes * window,
  },
];

describe.concurrent('when Azure Service Bus fails', { timeout: 120_000 }, () => {
  test.for(faults)('should lose nothing and recover by itself: $what', async (fault, context) => {
    await using opened = await openBus(context, { work: () => sleep(5) });
    const { bus, control } = opened;
    const { ledger } = bus;
    await bus.start();
    const load = bus.load({ window, pauseMs: 20 });
    for (let strike = 1; strike <= strikes; strike += 1) {
      await ledger.untilHandled(ledger.handled + between, limitMs);
      fault.strike(control, bus.names.worker);
      await ledger.faultOver(fault.what, limitMs);
    }
    await load.stop();
    await ledger.untilAllHandled(limitMs);
    control.clearFaults();
    await bus.stop();

    const account = ledger.account();
    summary.add(fault.what, account);
    expect(account).toMatchObject({ lost: [], unconfirmed: 0 });
    expect(account.duplicated.commands).toBeLessThanOrEqual(fault.mostTwice);
    expect(bus.criticalErrors.map(String)).toEqual([]);
    for (const queue of [bus.names.worker, bus.names.watcher]) {
      expect(control.counts(queue)).toMatchObject({ active: 0, deadLetters: 0 });
    }
    expect(control.counts(bus.names.errors)).toMatchObject({ active: 0 });
  });
});
