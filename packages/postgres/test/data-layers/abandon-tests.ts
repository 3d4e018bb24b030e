import { type TransportConnection, silentLogger, systemClock } from '@busbar/core';
import { expect, test } from 'vitest';
import type { PostgresServer } from '../../../../test/support/postgres/postgres-host.ts';
import { failureOf, nothing, open } from '../support/connect.ts';
import type { Library } from './library.ts';
import { type Opened, openLibrary } from './open-library.ts';

const host = { endpoint: 'sales', clock: systemClock, logger: silentLogger };
const addLate = `INSERT INTO accounts VALUES ('late', 7)`;

/** That a session can be taken from a handler that hangs, with its locks and its connection. */
export function abandonTests<Storage>(server: PostgresServer, library: Library<Storage>): void {
  async function openAccount(max: number) {
    const opened: Opened<Storage> = await openLibrary(server, library, max);
    const { database, query } = opened;
    await database.rows(`INSERT INTO accounts VALUES ('a', 1)`);
    const transport = {} as TransportConnection;
    const connection = await opened.persistence().connect({ ...host, transport });
    const incoming = await open(connection, 'm');
    if (incoming.state !== 'new') throw new Error('The message is not new.');
    const { session } = incoming;
    const { storage } = session;
    const lock = `UPDATE accounts SET account_balance = 2 WHERE id = 'a'`;
    await query(storage, lock);
    return { database, connection, session, query: (text: string) => query(storage, text) };
  }

  test('should free its locks and its connection, and refuse what the handler does later', async () => {
    const { database, connection, session, query } = await openAccount(1);
    const waiting = database.rows(`UPDATE accounts SET account_balance = account_balance + 5`);
    const abandoned = session.abandon?.();
    // It may still get in before, and is undone then.
    const during = query(addLate).catch(() => {});
    await abandoned;
    await during;
    await failureOf(query(addLate));
    await waiting;
    await session.abandon?.();
    await session.commit(nothing);
    await session.rollback();

    expect(await database.rows('SELECT * FROM accounts')).toEqual([
      { id: 'a', account_balance: 6 },
    ]);
    const again = await open(connection, 'm');
    if (again.state !== 'new') throw new Error('The message is not new.');
    await failureOf(query(addLate));
    await again.session.commit(nothing);
    expect(await open(connection, 'm')).toEqual({ state: 'dispatched' });
    expect(await database.rows('SELECT id FROM accounts')).toEqual([{ id: 'a' }]);
    await connection.close();
  });

  test('should not wait for a statement that runs', async () => {
    const { database, connection, session, query } = await openAccount(2);
    const sleeping = failureOf(query('SELECT pg_sleep(600)::text'));
    const look = `SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event = 'PgSleep'`;
    await expect.poll(() => database.rows(look)).toHaveLength(1);
    await session.abandon?.();
    await sleeping;
    await database.rows(`UPDATE accounts SET account_balance = account_balance + 5`);
    expect(await database.rows('SELECT account_balance AS is FROM accounts')).toEqual([{ is: 6 }]);
    const again = await open(connection, 'm');
    expect(again.state).toBe('new');
    if (again.state === 'new') await again.session.rollback();
    await connection.close();
  });

  test('should let a commit that has begun be', async () => {
    const { database, connection, session } = await openAccount(1);
    const committed = session.commit(nothing);
    await session.abandon?.();
    await committed;
    expect(await database.rows('SELECT account_balance AS is FROM accounts')).toEqual([{ is: 2 }]);
    await connection.close();
  });
}
