import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { anchorsOf, linksOf } from './links.ts';
import { type Page, pages, readPage, root } from './pages.ts';

const all = pages();

test.each(all.map((page) => [page.path, page] as const))(
  'should link from %s to what exists',
  (_, page) => {
    const problems = linksOf(page).flatMap((link) => problemWith(page, link) ?? []);
    expect(problems.join('\n')).toBe('');
  },
);

function problemWith(page: Page, link: string): string | undefined {
  const [target = '', anchor] = link.split('#');
  const file = target === '' ? page.path : path.posix.join(path.posix.dirname(page.path), target);
  if (file.startsWith('..')) return `${link} leaves the repository`;
  const absolute = path.join(root, file);
  if (!existsSync(absolute)) return `${link}: no such file`;
  if (anchor === undefined || statSync(absolute).isDirectory() || !file.endsWith('.md'))
    return undefined;
  return anchorsOf(readPage(file)).has(anchor) ? undefined : `${link}: no such heading`;
}
