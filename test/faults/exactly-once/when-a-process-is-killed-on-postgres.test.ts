import { describe, expect, test } from 'vitest';
import { postgresForTests } from '../../support/postgres/postgres-for-tests.ts';
import { brokerForTests } from '../../support/rabbitmq/broker-for-tests.ts';
import type { MatrixOptions } from './crash/crash-matrix.ts';
import { expectNoProblems } from './crash/expect-no-problems.ts';
import { openPostgresPlace } from './crash/open-place.ts';

const timeout = 600_000;
const postgres = await postgresForTests();
const rabbit = await brokerForTests();

describe.concurrent('when a process is killed on PostgreSQL and RabbitMQ', () => {
  test.for<MatrixOptions & { layer: 'pg' | 'plain' }>([
    { deed: 'place', layer: 'pg' },
    { deed: 'place', layer: 'plain' },
    { deed: 'place', layer: 'pg', first: 'PlaceOrder: after committing' },
    { deed: 'ship', layer: 'pg' },
    { deed: 'session', layer: 'pg' },
    { deed: 'within', layer: 'pg' },
  ])(
    'should do all exactly once: $deed through $layer, killed first: $first',
    { timeout },
    async ({ layer, ...options }, context) => {
      const broker = rabbit.orSkip(context);
      await using place = await openPostgresPlace(layer, postgres.orSkip(context), broker);
      const report = await expectNoProblems(place, options);
      if (options.deed === 'session' || options.deed === 'within') {
        // Some died before the commit, and some behind it.
        expect(report.committed).toBeGreaterThan(1);
        expect(report.committed).toBeLessThan(report.killedAt.length);
      }
    },
  );
});
