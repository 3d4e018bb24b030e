import { setTimeout as sleep } from 'node:timers/promises';
import { memoryPersistence } from '@busbar/core';
import type { EmulatorControl } from '@busbar/service-bus-emulator';
import { describe, expect, test } from 'vitest';
import { until, within } from '../../support/rabbitmq/bounded-wait.ts';
import { openBus } from './open-bus.ts';

const limitMs = 60_000;
const window = 16;

type Strike = readonly [string, (control: EmulatorControl, queue: string) => unknown];

describe('when entities of Azure Service Bus change', { timeout: 120_000 }, () => {
  test('a queue that is deleted should be told of, and received again once it is there', async (context) => {
    await using opened = await openBus(context, { repeatable: ['UNDELIVERABLE'] });
    const { bus, control } = opened;
    const { ledger, names } = bus;
    const { worker } = await bus.start();
    const load = bus.load({ window, pauseMs: 20 });
    await ledger.untilHandled(50, limitMs);
    control.deleteEntity(names.worker);
    await bus.untilCritical(limitMs);
    expect(String(bus.criticalErrors[0])).toContain(`The queue "${names.worker}" was removed`);
    await until(limitMs, 'health to say so', () => worker.health().status === 'unhealthy');
    // What was in the queue went with it.
    bus.forgive();
    await worker.provision();
    await ledger.untilHandled(ledger.handled + 50, limitMs);
    await until(limitMs, 'health to be well', () => worker.health().status === 'healthy');
    await load.stop();
    await ledger.untilAllHandled(limitMs);
    await bus.stop();
    expect(ledger.account()).toMatchObject({ lost: [], unconfirmed: 0 });
  });

  test('messages that the service delivers twice should be handled once with an outbox', async (context) => {
    await using opened = await openBus(context, {
      // One at a time: a copy that comes while the first is dispatched is dispatched once more, with the same ids.
      worker: { persistence: memoryPersistence(), outbox: true, concurrency: 1 },
      work: () => sleep(2),
    });
    const { bus, control } = opened;
    const { ledger, names } = bus;
    await bus.start();
    const load = bus.load({ window, pauseMs: 10 });
    let duplicated = 0;
    await until(limitMs, 'messages to be found in the queue and doubled', () => {
      for (const { sequenceNumber } of control.messages(names.worker)) {
        control.duplicateMessage(names.worker, sequenceNumber);
        duplicated += 1;
      }
      return duplicated > 4;
    });
    await load.stop();
    await ledger.untilAllHandled(limitMs);
    await until(limitMs, 'the queue to be empty', () => control.counts(names.worker).active === 0);
    await bus.stop();
    expect(ledger.account()).toMatchObject({ lost: [], duplicated: { events: 0 } });
  });

  test.for([
    ['connections are dropped', (control) => control.dropConnections()],
    ['links are detached', (control, queue) => control.detachLinks(queue)],
    ['locks end', (control, queue) => control.expireLocks(queue)],
  ] as readonly Strike[])('order by key should be kept when %s', async ([, strike], context) => {
    const order: number[] = [];
    await using opened = await openBus(context, {
      worker: { ordered: true, concurrency: 4 },
      work: async (number) => {
        await sleep(2);
        order.push(number);
      },
    });
    const { bus, control } = opened;
    const { ledger, names } = bus;
    const { worker } = await bus.start();
    const send = async (number: number): Promise<void> => {
      const message = new bus.contracts.Work({ number });
      const options = {
        destination: names.worker,
        partitionKey: `key-${number % 5}`,
        messageId: `${bus.run}-${number}`,
      };
      // The same again until it is confirmed, before the next of its key.
      for (;;) {
        try {
          await bus.sender.send(message, options);
          ledger.sent(number);
          return;
        } catch {
          await sleep(50);
        }
      }
    };
    const sending = Promise.all(
      [0, 1, 2, 3, 4].map(async (key) => {
        for (let number = key; number < 200; number += 5) await send(number);
      }),
    );
    for (const handled of [40, 80, 120]) {
      await within(
        limitMs,
        'messages',
        until(limitMs, 'messages', () => ledger.handled >= handled),
      );
      strike(control, names.worker);
    }
    await sending;
    await ledger.untilAllHandled(limitMs);
    await worker.stop();
    for (const key of [0, 1, 2, 3, 4]) {
      const ofKey = order.filter((number) => number % 5 === key);
      // Again and again, but never one behind a later one for the first time.
      const first = [...new Set(ofKey)];
      expect(first).toEqual(first.toSorted((one, other) => one - other));
      expect(first).toHaveLength(40);
    }
    expect(control.counts(names.worker)).toMatchObject({ active: 0, deadLetters: 0 });
    await bus.stop();
  });
});
