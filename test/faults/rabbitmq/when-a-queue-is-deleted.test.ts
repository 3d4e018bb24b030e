import { setTimeout as sleep } from 'node:timers/promises';
import { type Channel, connect } from 'amqplib';
import { type TestContext, describe, expect, test } from 'vitest';
import { brokerForTests } from '../../support/rabbitmq/broker-for-tests.ts';
import { createVirtualHost } from '../../support/rabbitmq/virtual-host.ts';
import { Bus, managementOf } from './support/bus.ts';
import { Summary } from './support/summary.ts';

const limitMs = 60_000;
const rabbit = await brokerForTests();
const summary = new Summary();

interface Deletion {
  readonly bus: Bus;
  readonly operator: Channel;
}

/** Sends on while `happen` takes queues away and has them made again. */
async function underLoad(
  context: TestContext,
  name: string,
  happen: (deletion: Deletion) => Promise<void>,
): Promise<Bus> {
  const broker = rabbit.orSkip(context);
  await using host = await createVirtualHost(broker);
  const management = managementOf(broker);
  // A connection that a quorum queue holds up when it is deleted is never read again by RabbitMQ 3.10.
  const transport = { management, confirmTimeoutMs: 4_000 };
  const repeatable = ['UNDELIVERABLE'];
  await using bus = new Bus({ url: host.url, transport, repeatable }, context);
  await bus.start();
  const connection = await connect(host.url);
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => connection.close());
  const operator = await connection.createChannel();
  const load = bus.load({ window: 300, pauseMs: 100 });
  await bus.ledger.untilHandled(200, limitMs);
  await happen({ bus, operator });
  await load.stop();
  await bus.ledger.untilAllHandled(limitMs);
  await bus.stop();
  const account = bus.ledger.account();
  summary.add(name, account, `${bus.criticalErrors.length} critical errors`);
  expect(account).toMatchObject({ lost: [], unconfirmed: 0 });
  return bus;
}

describe('when a queue is deleted while it is received', { timeout: 120_000 }, () => {
  test('should go on when the worker has its queue again', async (context) => {
    const name = "the worker's queue deleted";
    const { criticalErrors } = await underLoad(context, name, async ({ bus, operator }) => {
      await operator.deleteQueue(bus.names.worker);
      await bus.untilCritical(limitMs);
      // It asks again each second, and does not raise it again.
      await sleep(2_500);
      // What waited in the queue is gone with it; the others were given back to the sender.
      bus.forgive();
      await bus.worker().provision();
      await bus.ledger.faultOver('the queue was made again', limitMs);
    });
    expect(criticalErrors).toMatchObject([{ code: 'MISSING_QUEUE' }]);
  });

  test('should go on when the watcher has its queue and its subscription again', async (context) => {
    const name = "the watcher's queue deleted";
    const { criticalErrors } = await underLoad(context, name, async ({ bus, operator }) => {
      await operator.deleteQueue(bus.names.watcher);
      await bus.untilCritical(limitMs);
      await bus.watcher().provision();
      // Events that were published before are gone.
      bus.forgive();
      await bus.ledger.faultOver('the queue was made again', limitMs);
    });
    expect(criticalErrors).toMatchObject([{ code: 'MISSING_QUEUE' }]);
  });

  test('should go on when it is made again at once, several times', async (context) => {
    const name = 'deleted and made again at once, 3 times';
    await underLoad(context, name, async ({ bus, operator }) => {
      for (let time = 0; time < 3; time += 1) {
        await operator.deleteQueue(bus.names.worker);
        await bus.worker().provision();
        bus.forgive();
        await bus.ledger.faultOver('the queue was made again', limitMs);
      }
    });
  });
});
