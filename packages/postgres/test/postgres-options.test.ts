import { expect, test } from 'vitest';
import { checkOptions, type PostgresOptions } from '../src/postgres-options.ts';

test('should fill in the defaults', () => {
  expect(checkOptions({})).toEqual({
    schema: 'public',
    prefix: 'busbar_',
    tables: 'make',
    keepDeduplicationMs: 7 * 24 * 60 * 60 * 1_000,
  });
  expect(checkOptions({ schema: undefined } as unknown as PostgresOptions).schema).toBe('public');
});

test('should take names that have to be quoted, and no prefix at all', () => {
  expect(checkOptions({ schema: 'Größe "1"', prefix: '' })).toMatchObject({
    schema: 'Größe "1"',
    prefix: '',
  });
});

test('should refuse an option that does not exist, and list those that do', () => {
  expect(() => checkOptions({ shema: 'bus' } as PostgresOptions)).toThrow(
    'The PostgreSQL persistence has no option "shema". The options are schema, prefix, tables, keepDeduplication. [UNKNOWN_OPTION]',
  );
});

test.each([
  [{ schema: '' }, 'schema'],
  [{ schema: 'a\0b' }, 'schema'],
  [{ schema: 's'.repeat(64) }, 'schema'],
  [{ schema: 7 }, 'schema'],
  [{ prefix: 'ü'.repeat(21) }, 'prefix'],
  [{ tables: 'create' }, 'tables'],
])('should refuse %j', (options, name) => {
  const refused = (): unknown => checkOptions(options as unknown as PostgresOptions);
  expect(refused).toThrow(`The option "${name}" of the PostgreSQL persistence is `);
  expect(refused).toThrow('[INVALID_CONFIGURATION]');
});

test('should refuse a time that is none', () => {
  expect(() => checkOptions({ keepDeduplication: 'a week' as '7d' })).toThrow('[INVALID_DURATION]');
});
