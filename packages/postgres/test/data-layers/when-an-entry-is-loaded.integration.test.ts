import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const libraries = ['@prisma/client', 'drizzle-orm', 'knex', 'kysely', 'pg', 'typeorm'];

/** Prints the packages that were asked for while an entry was loaded. */
const program = (entry: string): string => `
  import { registerHooks } from 'node:module';
  const asked = new Set();
  registerHooks({
    resolve(specifier, context, next) {
      asked.add(specifier);
      return next(specifier, context);
    },
  });
  await import('@busbar/postgres/${entry}');
  console.log(JSON.stringify([...asked]));
`;

test.each([
  ['pg', []],
  ['kysely', ['kysely']],
  ['drizzle', []],
  ['knex', []],
  ['prisma', []],
  ['typeorm', []],
])('should load no other library with the entry %s', async (entry, needed) => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [
      '--conditions=@busbar/source',
      '--no-warnings',
      '--input-type=module',
      '--eval',
      program(entry),
    ],
    { cwd: import.meta.dirname },
  );
  const asked = JSON.parse(stdout) as string[];
  expect(asked).toContain(`@busbar/postgres/${entry}`);
  expect(libraries.filter((each) => asked.includes(each))).toEqual(needed);
});
