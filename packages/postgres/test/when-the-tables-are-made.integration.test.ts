import { BusbarError } from '@busbar/core';
import { describe, expect, test } from 'vitest';
import { postgresForTests } from '../../../test/support/postgres/postgres-for-tests.ts';
import { type TestDatabase, createDatabase } from '../../../test/support/postgres/test-database.ts';
import { postgresGrants, postgresTables } from '../src/index.ts';
import { PgLayer } from '../src/pg/pg-layer.ts';
import { checkOptions } from '../src/postgres-options.ts';
import { prepareTables } from '../src/tables/prepare-tables.ts';
import { type TableStep, tableSteps } from '../src/tables/table-steps.ts';
import { connect, failureOf, nothing, open, operation, sessionOf } from './support/connect.ts';

const postgres = await postgresForTests();

async function tablesOf(database: TestDatabase): Promise<readonly unknown[]> {
  const rows = await database.rows(
    `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
     WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY name`,
  );
  return rows.map(({ name }) => name);
}

/** Uses every statement that an endpoint runs. */
async function useAll(connection: Awaited<ReturnType<typeof connect>>): Promise<void> {
  const saga = { type: 'S', id: 'a', correlation: '1', version: 1, state: '{}' };
  const first = await sessionOf(connection, 'm1');
  const operations = [operation('direct'), operation('keyed', 'k')];
  const { record } = await first.commit({ operations, sagas: [{ kind: 'insert', saga }] });
  expect(await open(connection, 'm1')).toMatchObject({ state: 'stored', record });
  const second = await sessionOf(connection, 'm2');
  await second.findSaga({ type: 'S', by: 'correlation', value: '1', lock: true });
  const changed = { ...saga, version: 2 };
  await second.commit({ operations: [], sagas: [{ kind: 'update', saga: changed }] });
  const third = await connection.begin();
  expect(await third.findSaga({ type: 'S', by: 'id', value: 'a', lock: false })).toEqual(changed);
  await connection.join(third.storage, [operation('joined'), operation('joined', 'k')]);
  await third.commit({
    operations: [operation('sent')],
    sagas: [{ kind: 'remove', saga: changed }],
  });
  const request = { limit: 10, graceMs: 0, leaseMs: 60_000 };
  const { outbox } = connection;
  const claimed = await outbox.claim(request);
  expect(claimed.map((each) => each.operations.length)).toContain(1);
  await outbox.keep(claimed[0]!.record, claimed[0]!.operations, 0);
  const lane = await outbox.claimLane(request);
  expect(lane?.operations).toHaveLength(2);
  await outbox.settleLane(lane!, 2, 0);
  expect(await outbox.claimLane({ ...request, key: 'k' })).toBeUndefined();
  for (const each of claimed) outbox.markDispatched(each.record);
  expect((await outbox.backlog()).waiting).toBeGreaterThan(-1);
  expect(await outbox.forget(AbortSignal.timeout(10_000))).toBeGreaterThanOrEqual(0);
  await connection.close();
}

describe('when the tables are made', () => {
  test('should make them in the schema, with the prefix, whatever the names hold', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const options = { schema: 'It\'s "my" bus', prefix: 'Größe ' };
    await useAll(await connect(database.pool(), options));
    expect(await tablesOf(database)).toEqual(
      ['handled', 'lanes', 'meta', 'outbox', 'sagas'].map((name) => `It's "my" bus.Größe ${name}`),
    );
  });

  test('should make them once though many start at the same instant', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const pools = Array.from({ length: 8 }, () => database.pool({ max: 2 }));
    const connections = await Promise.all(pools.map((pool) => connect(pool, { schema: 'bus' })));
    await Promise.all(
      connections.map((connection) => sessionOf(connection).then((s) => s.commit(nothing))),
    );
    expect(await database.rows('SELECT * FROM bus.busbar_meta')).toEqual([
      { schema_version: 1, least_reader: 1 },
    ]);
  });

  test('should keep what is in them at the next start', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const pool = database.pool();
    await (await sessionOf(await connect(pool), 'known')).commit(nothing);
    expect(await open(await connect(pool), 'known')).toEqual({ state: 'dispatched' });
  });

  test('should work where transactions are serializable by default', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const options = '-c default_transaction_isolation=serializable';
    const pools = Array.from({ length: 4 }, () => database.pool({ max: 4, options }));
    const connections = await Promise.all(pools.map((pool) => connect(pool)));
    await useAll(connections[0]!);
  });

  test('should keep two prefixes apart that share connections', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const pool = database.pool({ max: 1 });
    const [one, two] = [
      await connect(pool, { prefix: 'a_' }),
      await connect(pool, { prefix: 'b_' }),
    ];
    await (await sessionOf(one, 'm')).commit(nothing);
    expect((await open(one, 'm')).state).toBe('dispatched');
    const other = await open(two, 'm');
    expect(other.state).toBe('new');
    if (other.state === 'new') await other.session.rollback();
  });
});

describe('when the tables are only checked', () => {
  test('should say that they are missing, with a command that prints them', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const failure = await failureOf(connect(database.pool(), { schema: 'bus', tables: 'check' }));
    expect(failure).toMatchObject({ code: 'MISSING_TABLE' });
    expect(failure.message).toContain(
      "console.log(m.postgresTables({ schema: 'bus', prefix: 'busbar_' }))",
    );
    expect(await tablesOf(database)).toEqual([]);
  });

  test('should take those that the printed SQL makes, run once or twice', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const sql = postgresTables({ prefix: 'own_' });
    await database.rows(sql);
    await database.rows(sql);
    await useAll(await connect(database.pool(), { prefix: 'own_', tables: 'check' }));
  });

  test('should do with the printed rights alone', async (context) => {
    const server = postgres.orSkip(context);
    await using database = await createDatabase(server);
    const role = `${database.name}_app`;
    await database.rows('CREATE SCHEMA bus');
    await database.rows(postgresTables({ schema: 'bus' }));
    await database.rows(`CREATE ROLE ${role} LOGIN`);
    try {
      await database.rows(postgresGrants({ schema: 'bus', role }));
      const pool = database.pool({ user: role, connectionString: asUser(database.url, role) });
      await useAll(await connect(pool, { schema: 'bus', tables: 'check' }));
      await pool.end();
    } finally {
      await database.rows(`DROP OWNED BY ${role}`);
      await database.rows(`DROP ROLE ${role}`);
    }
  });

  test('should name the rights that are missing', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const role = `${database.name}_guest`;
    await database.rows('CREATE SCHEMA bus');
    await database.rows(postgresTables({ schema: 'bus' }));
    await database.rows(`CREATE ROLE ${role} LOGIN`);
    try {
      const pool = database.pool({ connectionString: asUser(database.url, role) });
      const checked = await failureOf(connect(pool, { schema: 'bus', tables: 'check' }));
      expect(checked).toMatchObject({ code: 'MISSING_TABLE' });
      expect(checked.message).toContain("m.postgresGrants({ schema: 'bus'");
      const made = await failureOf(connect(pool, { schema: 'other' }));
      expect(made).toMatchObject({ code: 'MISSING_TABLE' });
      expect(made.message).toContain('GRANT CREATE ON DATABASE');
      await pool.end();
    } finally {
      await database.rows(`DROP ROLE ${role}`);
    }
  });

  test('should say while it runs that a table was dropped', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const connection = await connect(database.pool());
    await database.rows('DROP TABLE busbar_handled');
    expect(await failureOf(open(connection))).toMatchObject({ code: 'MISSING_TABLE' });
    await database.rows(postgresTables());
    expect((await open(connection, 'again').then(rolledBack)).state).toBe('new');
  });
});

describe('when versions meet', () => {
  const second: TableStep = {
    version: 2,
    leastReader: 1,
    statements: ({ sagas }) => [`ALTER TABLE ${sagas} ADD COLUMN note text`],
  };
  const third: TableStep = { version: 3, leastReader: 3, statements: () => [] };
  const settings = checkOptions({});

  test('should bring older tables up to date, once, beside code that knows the older ones', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const old = await connect(database.pool());
    const layers = Array.from({ length: 5 }, () => new PgLayer(database.pool({ max: 1 })));
    await Promise.all(
      layers.map((layer) => prepareTables(layer, settings, [...tableSteps, second])),
    );
    expect(await database.rows('SELECT * FROM busbar_meta')).toEqual([
      { schema_version: 2, least_reader: 1 },
    ]);
    await useAll(old);
    await useAll(await connect(database.pool(), { keepDeduplication: 0 }, 'started later'));
  });

  test('should refuse tables that need newer code', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const layer = new PgLayer(database.pool());
    await prepareTables(layer, settings, [...tableSteps, second, third]);
    for (const tables of ['make', 'check'] as const) {
      const failure = await failureOf(connect(database.pool(), { tables }));
      expect(failure).toMatchObject({ code: 'INCOMPATIBLE_PACKAGE' });
      expect(failure.message).toContain('of version 3');
    }
  });

  test('should ask for the missing step where tables are only checked', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    await connect(database.pool());
    const checking = checkOptions({ tables: 'check' });
    const steps = [...tableSteps, second];
    const failure = await failureOf(prepareTables(new PgLayer(database.pool()), checking, steps));
    expect(failure).toMatchObject({ code: 'MISSING_TABLE' });
    expect(failure.message).toContain('they are of version 1, and version 2 is needed');
  });

  test('should leave nothing of a step that fails', async (context) => {
    await using database = await createDatabase(postgres.orSkip(context));
    const bad: TableStep = {
      ...second,
      statements: (n) => [...second.statements(n), 'SELECT 1/0'],
    };
    const layer = new PgLayer(database.pool());
    const failure = await failureOf(prepareTables(layer, settings, [...tableSteps, bad]));
    expect(failure).not.toBeInstanceOf(BusbarError);
    expect(await tablesOf(database)).toEqual([]);
    await prepareTables(layer, settings);
    expect(await tablesOf(database)).toHaveLength(5);
  });
});

function asUser(url: string, user: string): string {
  const changed = new URL(url);
  changed.username = user;
  return changed.href;
}

async function rolledBack(
  opened: Awaited<ReturnType<typeof open>>,
): Promise<Awaited<ReturnType<typeof open>>> {
  if (opened.state === 'new') await opened.session.rollback();
  return opened;
}
