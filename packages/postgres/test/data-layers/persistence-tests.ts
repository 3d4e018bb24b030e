import {
  Command,
  Event,
  type HandlerContext,
  defineRoutes,
  defineSaga,
  handler,
  memoryPersistence,
  systemClock,
} from '@busbar/core';
import { type Harness, createHarness, noRetries } from '@busbar/testing';
import { expect, test } from 'vitest';
import type { PostgresServer } from '../../../../test/support/postgres/postgres-host.ts';
import type { Library } from './library.ts';
import { type Opened, openLibrary } from './open-library.ts';

class OpenAccount extends Command('Bank.OpenAccount')<{ id: string }> {}
class CloseAccount extends Command('Bank.CloseAccount')<{ id: string }> {}
class AccountOpened extends Event('Bank.AccountOpened')<{ id: string }> {}

const routes = defineRoutes({ bank: [OpenAccount, CloseAccount] });
const openA = new OpenAccount({ id: 'A' });

interface Bank<Storage> extends Opened<Storage> {
  readonly harness: Harness<typeof systemClock>;
  /** What the user's table and the tables of the persistence hold. */
  stored(): Promise<object>;
}

/** Gets the events; one that is dispatched twice, before it is noted that it was, once. */
function openMail(harness: Harness<typeof systemClock>): void {
  harness.endpoint('mail', {
    persistence: memoryPersistence(),
    outbox: true,
    handlers: [handler(AccountOpened, () => {})],
  });
}

const nothing = { accounts: 0, handled: 0, outbox: 0, sagas: 0 };

/** What a user of the library gets from the persistence. */
export function persistenceTests<Storage>(server: PostgresServer, library: Library<Storage>): void {
  type Context = HandlerContext<typeof routes, Storage>;

  async function openBank(max = 4): Promise<Bank<Storage>> {
    const opened = await openLibrary(server, library, max);
    const harness = createHarness({ clock: systemClock, limit: '15s' });
    const stored = async (): Promise<object> => {
      const tables = ['accounts', 'busbar_handled', 'busbar_outbox', 'busbar_sagas'];
      const counts = tables.map(
        (table) => `(SELECT count(*)::int FROM ${table}) AS ${table.replace('busbar_', '')}`,
      );
      const [row] = await opened.database.rows(`SELECT ${counts.join()}`);
      return row ?? {};
    };
    return { ...opened, harness, stored };
  }

  test('should commit the data of a handler with its messages, and handle no duplicate', async () => {
    const { harness, persistence, addAccount, stored } = await openBank();
    await using _ = harness;
    const bank = harness.endpoint('bank', {
      routes,
      persistence: persistence(),
      outbox: true,
      handlers: [
        handler(OpenAccount, async ({ id }, context: Context) => {
          await addAccount(context.storage, id);
          await context.publish(new AccountOpened({ id }));
          expect(await stored()).toEqual(nothing);
        }),
      ],
    });
    openMail(harness);
    await harness.start();
    for (let times = 0; times < 2; times += 1) {
      await bank.send(openA, { messageId: 'open-A' });
      await harness.settled();
    }
    expect(harness.handled(AccountOpened)).toEqual([{ id: 'A' }]);
    expect(bank.health().counts).toMatchObject({ handled: 1, deduplicated: 1, failed: 0 });
    await harness.stop();
    expect(await stored()).toEqual({ ...nothing, accounts: 1, handled: 1 });
  });

  test('should keep nothing of a handler that throws', async () => {
    const { harness, persistence, addAccount, stored } = await openBank();
    await using _ = harness;
    const bank = harness.endpoint('bank', {
      routes,
      persistence: persistence(),
      outbox: true,
      recoverability: noRetries,
      handlers: [
        handler(OpenAccount, async ({ id }, context: Context) => {
          await addAccount(context.storage, id);
          await context.publish(new AccountOpened({ id }));
          throw new Error('no stock');
        }),
      ],
    });
    await harness.start();
    await bank.send(openA);
    await harness.settled();
    expect(harness.published(AccountOpened)).toEqual([]);
    expect(await harness.errorQueue()).toHaveLength(1);
    expect(await stored()).toEqual(nothing);
  });

  test('should keep the state of a saga in the transaction of its handler', async () => {
    const { harness, persistence, addAccount, stored, database } = await openBank();
    await using _ = harness;
    let broken = true;
    const account = defineSaga('Bank.Account', {
      correlation: 'id',
      initialState: () => ({ id: '' }),
    })
      .startedBy(
        OpenAccount,
        ({ id }) => id,
        async (__, saga) => {
          await addAccount(saga.storage as Storage, saga.state.id);
          if (broken) throw new Error('no stock');
        },
      )
      .continuedBy(
        CloseAccount,
        ({ id }) => id,
        (__, saga) => saga.complete(),
      );
    const bank = harness.endpoint('bank', {
      routes,
      persistence: persistence(),
      outbox: true,
      recoverability: noRetries,
      sagas: [account],
    });
    await harness.start();
    await bank.send(openA);
    await harness.settled();
    expect(await stored()).toEqual(nothing);
    broken = false;
    await harness.replay();
    await harness.settled();
    expect(await stored()).toEqual({ ...nothing, accounts: 1, handled: 1, sagas: 1 });
    const [saga] = await database.rows('SELECT type, correlation, version FROM busbar_sagas');
    expect(saga).toEqual({ type: 'Bank.Account', correlation: 'A', version: 1 });
    await bank.send(new CloseAccount({ id: 'A' }));
    await harness.settled();
    expect(await stored()).toEqual({ ...nothing, accounts: 1, handled: 2 });
  });

  test('should commit a session outside of handlers as one', async () => {
    const { harness, persistence, addAccount, stored } = await openBank();
    await using _ = harness;
    const web = harness.endpoint('web', {
      persistence: persistence(),
      outbox: true,
      sendOnly: true,
    });
    openMail(harness);
    await harness.start();
    await web.transaction(async (transaction, session) => {
      await addAccount(transaction, 'A');
      await session.publish(new AccountOpened({ id: 'A' }));
    });
    const failing = web.transaction(async (transaction, session) => {
      await addAccount(transaction, 'B');
      await session.publish(new AccountOpened({ id: 'B' }));
      throw new Error('no stock');
    });
    await expect(failing).rejects.toThrow('no stock');
    await harness.settled();
    expect(harness.handled(AccountOpened)).toEqual([{ id: 'A' }]);
    await harness.stop();
    expect(await stored()).toEqual({ ...nothing, accounts: 1 });
  });

  test("should join a transaction of the user's own", async () => {
    const { harness, persistence, addAccount, stored, transaction } = await openBank();
    await using _ = harness;
    const web = harness.endpoint('web', {
      persistence: persistence(),
      outbox: true,
      sendOnly: true,
    });
    openMail(harness);
    await harness.start();
    const failing = transaction(async (storage) => {
      await addAccount(storage, 'B');
      await web.session.within(storage).publish(new AccountOpened({ id: 'B' }));
      throw new Error('no stock');
    });
    await expect(failing).rejects.toThrow('no stock');
    await transaction(async (storage) => {
      await addAccount(storage, 'A');
      await web.session.within(storage).publish(new AccountOpened({ id: 'A' }));
    });
    await harness.until(() => harness.handled(AccountOpened).length > 0, 'the event');
    expect(harness.handled(AccountOpened)).toEqual([{ id: 'A' }]);
    await harness.stop();
    expect(await stored()).toEqual({ ...nothing, accounts: 1 });
  });

  test('should handle a message once when two attempts at it meet', async () => {
    const { harness, persistence, addAccount, stored } = await openBank();
    await using _ = harness;
    const both = Promise.withResolvers<void>();
    let inside = 0;
    const bank = harness.endpoint('bank', {
      routes,
      persistence: persistence(),
      outbox: true,
      handlers: [
        handler(OpenAccount, async (__, context: Context) => {
          inside += 1;
          await addAccount(context.storage, `attempt ${inside}`);
          if (inside === 2) both.resolve();
          await both.promise;
          await context.publish(new AccountOpened({ id: 'A' }));
        }),
      ],
    });
    openMail(harness);
    await harness.start();
    await Promise.all([1, 2].map(() => bank.send(openA, { messageId: 'open-A' })));
    await harness.settled();
    expect(bank.health().counts).toMatchObject({ handled: 1, deduplicated: 1, failed: 0 });
    expect(harness.handled(AccountOpened)).toEqual([{ id: 'A' }]);
    await harness.stop();
    expect(await stored()).toEqual({ ...nothing, accounts: 1, handled: 1 });
  });

  test('should queue for the one connection of a pool', async () => {
    const { harness, persistence, addAccount, stored } = await openBank(1);
    await using _ = harness;
    const bank = harness.endpoint('bank', {
      routes,
      persistence: persistence(),
      outbox: true,
      concurrency: 8,
      handlers: [
        handler(OpenAccount, async ({ id }, context: Context) => {
          await addAccount(context.storage, id);
          await context.publish(new AccountOpened({ id }));
        }),
      ],
    });
    await harness.start();
    const messages = Array.from({ length: 40 }, (__, index) => new OpenAccount({ id: `${index}` }));
    await Promise.all(messages.map((message) => bank.send(message)));
    await harness.settled();
    expect(harness.published(AccountOpened)).toHaveLength(40);
    expect(bank.health().counts).toMatchObject({ handled: 40, failed: 0 });
    await harness.stop();
    expect(await stored()).toEqual({ ...nothing, accounts: 40, handled: 40 });
  });

  test.each(['COMMIT', 'ROLLBACK'])(
    'should notice a handler that ends the transaction itself, by %s',
    async (how) => {
      const { harness, persistence, addAccount, query, stored } = await openBank(1);
      await using _ = harness;
      const bank = harness.endpoint('bank', {
        routes,
        persistence: persistence(),
        outbox: true,
        recoverability: noRetries,
        handlers: [
          handler(OpenAccount, async ({ id }, context: Context) => {
            await addAccount(context.storage, id);
            await query(context.storage, how);
            await context.publish(new AccountOpened({ id }));
          }),
          handler(CloseAccount, () => {}),
        ],
      });
      await harness.start();
      await bank.send(openA);
      await harness.settled();
      expect(harness.failures(OpenAccount)).toMatchObject([{ code: 'TRANSACTION_ENDED' }]);
      expect(harness.published(AccountOpened)).toEqual([]);
      const accounts = how === 'COMMIT' ? 1 : 0;
      expect(await stored()).toEqual({ ...nothing, accounts });
      // The one connection was given back.
      await bank.send(new CloseAccount({ id: 'A' }));
      await harness.settled();
      expect(await stored()).toEqual({ ...nothing, accounts, handled: 1 });
    },
  );

  test('should not commit after an error that the handler swallowed', async () => {
    const { harness, persistence, addAccount, query, stored } = await openBank(1);
    await using _ = harness;
    const bank = harness.endpoint('bank', {
      routes,
      persistence: persistence(),
      outbox: true,
      recoverability: noRetries,
      handlers: [
        handler(OpenAccount, async ({ id }, context: Context) => {
          await addAccount(context.storage, id);
          await query(context.storage, 'SELECT 1 / 0').catch(() => {});
        }),
      ],
    });
    await harness.start();
    await bank.send(openA);
    await harness.settled();
    expect(harness.failures(OpenAccount)).toMatchObject([{ code: 'TRANSACTION_ENDED' }]);
    expect(await stored()).toEqual(nothing);
  });

  test('should lose no message when its connection is cut', async () => {
    const { harness, persistence, addAccount, stored, cut } = await openBank(1);
    await using _ = harness;
    let cuts = 0;
    const bank = harness.endpoint('bank', {
      routes,
      persistence: persistence(),
      outbox: true,
      handlers: [
        handler(OpenAccount, async ({ id }, context: Context) => {
          await addAccount(context.storage, id);
          await context.publish(new AccountOpened({ id }));
          if (cuts > 0) return;
          cuts += 1;
          await cut(context.storage);
        }),
      ],
    });
    await harness.start();
    await bank.send(openA);
    await harness.until(() => harness.published(AccountOpened).length > 0, 'the event');
    await harness.settled();
    expect(bank.health().counts).toMatchObject({ handled: 1 });
    await harness.stop();
    expect(await stored()).toEqual({ ...nothing, accounts: 1, handled: 1 });
  });
}
