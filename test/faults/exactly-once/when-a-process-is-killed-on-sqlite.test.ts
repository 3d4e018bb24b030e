import { describe, expect, test } from 'vitest';
import { CrashMatrix, type MatrixOptions } from './crash/crash-matrix.ts';
import { expectNoProblems } from './crash/expect-no-problems.ts';
import { openSqlitePlace } from './crash/open-place.ts';

const timeout = 600_000;

describe.concurrent('when a process is killed on SQLite', () => {
  test.for<MatrixOptions & { where: string; apart: boolean }>([
    { deed: 'place', where: 'one file', apart: false },
    { deed: 'ship', where: 'one file', apart: false },
    { deed: 'session', where: 'one file', apart: false },
    { deed: 'within', where: 'one file', apart: false },
    { deed: 'place', where: 'two files', apart: true },
  ])('should do all exactly once: $deed, $where', { timeout }, async ({ apart, ...options }) => {
    await using place = await openSqlitePlace({ apart });
    const report = await expectNoProblems(place, options);
    if (options.deed === 'session' || options.deed === 'within') {
      // Some died before the commit, and some behind it.
      expect(report.committed).toBeGreaterThan(1);
      expect(report.committed).toBeLessThan(report.killedAt.length);
    }
  });
});

describe.concurrent('the ledger of killed processes', () => {
  const at = ['PlaceOrder: before settling'];
  const limitMs = 5_000;

  test('should notice a persistence that forgets the record', { timeout }, async () => {
    await using place = await openSqlitePlace({ apart: true });
    const broken = 'forgets the record';
    await using matrix = new CrashMatrix(place, { deed: 'place', at, broken, limitMs });
    const report = await matrix.run();
    expect(report.killedAt).toEqual(at);
    expect(report.problems.join('\n')).toMatch(/placed 2 times, not 1/);
    expect(report.problems.join('\n')).toMatch(/BillOrder 1 came under 2 ids/);
  });

  test.each<MatrixOptions & { finds: RegExp }>([
    { deed: 'place', broken: 'forgets the operations', finds: /the effects of order 0/ },
    { deed: 'ship', broken: 'forgets the saga', finds: /the effects of order 0/ },
  ])('should notice a persistence that $broken', { timeout }, async ({ finds, ...options }) => {
    await using place = await openSqlitePlace({ apart: true });
    await using matrix = new CrashMatrix(place, { ...options, limitMs });
    await expect(matrix.run()).rejects.toThrow(finds);
  });
});
