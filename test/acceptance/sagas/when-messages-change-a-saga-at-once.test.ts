import {
  BusbarError,
  Command,
  MemoryPersistence,
  type PersistenceConnection,
  type PersistenceHost,
  behavior,
  decideRecovery,
  defineSaga,
  memoryPersistence,
} from '@busbar/core';
import { createHarness, noRetries } from '@busbar/testing';
import { expect, test, vi } from 'vitest';
import { statesOf } from './states-of.ts';

class Open extends Command('Bank.Open')<{ account: number }> {}
class Deposit extends Command('Bank.Deposit')<{ account: number; amount: number }> {}

const account = (locking?: 'pessimistic') =>
  defineSaga('Bank.Account', {
    correlation: 'account',
    initialState: () => ({ account: 0, balance: 0, deposits: 0 }),
    ...(locking !== undefined && { locking }),
  })
    .startedBy(
      Open,
      (command) => command.account,
      () => {},
    )
    .continuedBy(
      Deposit,
      (command) => command.account,
      async ({ amount }, saga) => {
        const { balance } = saga.state;
        await Promise.resolve();
        saga.state.balance = balance + amount;
        saga.state.deposits += 1;
      },
    );

/** A persistence on which others are always faster, as often as `conflicts` says. */
class ContendedPersistence extends MemoryPersistence {
  conflicts = 0;
  /** The queries for sagas. */
  readonly locks: boolean[] = [];

  override async connect(host: PersistenceHost): Promise<PersistenceConnection<never>> {
    const connection = await super.connect(host);
    const open = connection.open.bind(connection);
    return Object.assign(connection, {
      open: async (incoming: Parameters<typeof open>[0]) => {
        const opened = await open(incoming);
        if (opened.state !== 'new') return opened;
        const { session } = opened;
        const commit = session.commit.bind(session);
        const findSaga = session.findSaga.bind(session);
        session.findSaga = (query) => {
          this.locks.push(query.lock);
          return findSaga(query);
        };
        session.commit = async (changes) => {
          if (changes.sagas.length > 0 && this.conflicts > 0) {
            this.conflicts -= 1;
            throw new BusbarError('SAGA_CONFLICT', 'Somebody was faster.');
          }
          return commit(changes);
        };
        return opened;
      },
    }) as unknown as PersistenceConnection<never>;
  }
}

test('should lose no change, and take nobody for failed', async () => {
  await using harness = createHarness();
  const persistence = memoryPersistence();
  const policy = vi.fn(decideRecovery);
  const bank = harness.endpoint('bank', {
    persistence,
    sagas: [account()],
    recoverability: { policy },
    concurrency: 32,
  });
  await harness.start();
  await bank.sendLocal(new Open({ account: 1 }));
  await harness.settled();
  const amounts = Array.from({ length: 100 }, (_, index) => index + 1);
  await Promise.all(amounts.map((amount) => bank.sendLocal(new Deposit({ account: 1, amount }))));
  await harness.settled();
  expect(statesOf(persistence, 'Bank.Account')).toEqual([
    { account: 1, balance: 5_050, deposits: 100 },
  ]);
  expect(persistence.sagas('Bank.Account')).toMatchObject([{ correlation: '1', version: 101 }]);
  expect(bank.health().counts).toMatchObject({ handled: 101, failed: 0 });
  expect(policy).not.toHaveBeenCalled();
  expect(bank.health().counts.conflicts).toBeGreaterThan(0);
  expect(harness.attempts).toHaveLength(101 + bank.health().counts.conflicts);
  expect(harness.observed('failed')).toEqual([]);
});

test('should handle each try with fresh headers, without what the one before had sent', async () => {
  await using harness = createHarness();
  const persistence = new ContendedPersistence();
  const seen: (string | undefined)[] = [];
  class Told extends Command('Bank.Told') {}
  const told = defineSaga('Bank.Telling', {
    correlation: 'account',
    initialState: () => ({ account: 0 }),
  })
    .startedBy(
      Open,
      (command) => command.account,
      (_, saga) => saga.sendLocal(new Told()),
    )
    .continuedBy(
      Told,
      () => 1,
      () => {},
    );
  const bank = harness.endpoint('bank', {
    persistence,
    sagas: [told],
    behaviors: [
      behavior('handlers', 'marks', async (context, next) => {
        seen.push(context.headers['mark']);
        context.headers['mark'] = 'seen';
        await next();
      }),
    ],
  });
  await harness.start();
  persistence.conflicts = 2;
  await bank.sendLocal(new Open({ account: 1 }));
  await harness.advance('1s');
  expect(harness.sent(Told)).toHaveLength(1);
  expect(seen).toEqual([undefined, undefined, undefined, undefined]);
  expect(persistence.conflicts).toBe(0);
});

test('should fail in the end when others are always faster', async () => {
  await using harness = createHarness();
  const persistence = new ContendedPersistence();
  const bank = harness.endpoint('bank', {
    persistence,
    sagas: [account()],
    recoverability: noRetries,
  });
  await harness.start();
  persistence.conflicts = 21;
  await bank.sendLocal(new Open({ account: 1 }));
  await harness.advance('10s');
  expect(persistence.conflicts).toBe(0);
  expect(await harness.errorQueue()).toMatchObject([{ failure: { code: 'SAGA_CONFLICT' } }]);
  expect(bank.health().counts).toMatchObject({ failed: 1, movedToError: 1, conflicts: 20 });
  await harness.replay();
  await harness.settled();
  expect(statesOf(persistence, 'Bank.Account')).toMatchObject([{ account: 1 }]);
});

test('should not take what a handler throws for a conflict', async () => {
  await using harness = createHarness();
  let calls = 0;
  const own = defineSaga('Bank.Own', {
    correlation: 'account',
    initialState: () => ({ account: 0 }),
  }).startedBy(
    Open,
    (command) => command.account,
    () => {
      calls += 1;
      throw new BusbarError('SAGA_CONFLICT', 'Made up.');
    },
  );
  const bank = harness.endpoint('bank', {
    persistence: memoryPersistence(),
    sagas: [own],
    recoverability: noRetries,
  });
  await harness.start();
  await bank.sendLocal(new Open({ account: 1 }));
  await harness.settled();
  expect(calls).toBe(1);
  expect(bank.health().counts).toMatchObject({ failed: 1 });
});

test('should give up when the endpoint can wait no longer', async () => {
  await using harness = createHarness();
  const persistence = new ContendedPersistence();
  const bank = harness.endpoint('bank', { persistence, sagas: [account()], stopDeadline: '1ms' });
  await harness.start();
  persistence.conflicts = Infinity;
  await bank.sendLocal(new Open({ account: 1 }));
  await harness.until(() => harness.attempts.length >= 2);
  await harness.stop();
  expect(harness.attempts.length).toBeLessThan(20);
  expect(persistence.sagas('Bank.Account')).toEqual([]);
});

test.each([undefined, 'pessimistic'] as const)(
  'should ask for a lock when it is %s',
  async (locking) => {
    await using harness = createHarness();
    const persistence = new ContendedPersistence();
    const bank = harness.endpoint('bank', { persistence, sagas: [account(locking)] });
    await harness.start();
    await bank.sendLocal(new Open({ account: 1 }));
    await harness.settled();
    expect(persistence.locks).toEqual([locking === 'pessimistic']);
  },
);
