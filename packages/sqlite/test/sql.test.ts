import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

// Node before 22.20 takes them for named parameters and fails with "column index out of range"; later versions do not.
test('should number no parameters of statements', () => {
  const folder = fileURLToPath(new URL('../src/', import.meta.url));
  const files = globSync('**/*.ts', { cwd: folder });
  expect(files.length).toBeGreaterThan(10);
  const numbered = files.filter((file) =>
    /[\s(=]\?\d/.test(readFileSync(join(folder, file), 'utf8')),
  );
  expect(numbered).toEqual([]);
});
