import { flushCompileCache } from 'node:module';
import { consoleLogger, createEndpoint } from '@busbar/core';
import { brokenPersistence } from '../broken-persistence.ts';
import { contractsOf, endpointsOf } from '../contracts.ts';
import { type ShopParts, record, sendOn, shopOf } from '../shop.ts';
import type { Answer, Order, ShopArguments } from '../shop-process.ts';
import { steppedPersistence } from '../stepped-persistence.ts';
import { steppedTransport } from '../stepped-transport.ts';
import { Steps } from '../steps.ts';
import { openStore } from '../store.ts';

// A shop that kills itself where it is told to. It is loaded before it is needed, and starts when it is.
const given = JSON.parse(process.argv[2] ?? '{}') as ShopArguments;
const { run, address, lastWords, broken } = given;
const names = endpointsOf(run);
const steps = new Steps(lastWords);
const store = openStore(address, steps);
const parts: ShopParts = { run, contracts: contractsOf(run), store, steps };
const persistence = steppedPersistence(brokenPersistence(store.persistence, broken), steps);

const endpoint = createEndpoint(names.shop, {
  transport: steppedTransport(store.transport, steps),
  persistence,
  outbox: { relayEvery: '100ms' },
  errorQueue: names.errors,
  logger: consoleLogger({ level: 'error' }),
  ...shopOf(parts),
});

// Nobody is left to work for.
process.once('disconnect', () => process.exit(1));
process.on('message', (order: Order) => {
  void carryOut(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => process.send?.({ error: String(error) } satisfies Answer),
  );
});
// One that is killed does not do it by itself.
flushCompileCache();
process.send?.({} satisfies Answer);

async function carryOut({ arm, do: what }: Order): Promise<Answer> {
  if (arm !== undefined) steps.arm(arm);
  switch (what) {
    case 'start':
      await endpoint.start();
      break;
    case 'session':
      await steps.within('session', arm?.order ?? 0, () => session(arm?.order ?? 0));
      break;
    case 'within':
      // The relay sends it, sometimes in the context of this call and sometimes in its own.
      await steps.within('relay', arm?.order ?? 0, () => within(arm?.order ?? 0));
      break;
    case 'stop':
      await endpoint.stop();
      await store.close();
      setImmediate(() => process.disconnect());
      break;
    case undefined:
  }
  return { steps: steps.names };
}

async function session(order: number): Promise<void> {
  await endpoint.transaction(async (storage, sender) => {
    steps.reach('work entered');
    await record(parts, storage, 'accepted', order);
    await sendOn(parts, sender, order);
  });
  steps.reach('transaction returned');
}

async function within(order: number): Promise<void> {
  const transaction = await steps.around('the own begin', () => store.begin());
  await record(parts, transaction.storage, 'accepted', order);
  await sendOn(parts, endpoint.session.within(transaction.storage), order);
  await steps.around('the own commit', () => transaction.commit());
}
