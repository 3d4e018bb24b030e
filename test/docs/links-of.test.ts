import { expect, test } from 'vitest';
import { anchorsOf, linksOf } from './links.ts';

function page(text: string) {
  return { path: 'page.md', lines: text.split('\n') };
}

test('should find relative links and leave code and other sites alone', () => {
  const text =
    '[a](b.md#c) [d](https://e.org) `[f](g)` ![h](i.png "j")\n\n[k]: ../l.md\n```\n[m](n)\n```';
  expect(linksOf(page(text))).toEqual(['b.md#c', 'i.png', '../l.md']);
});

test('should name headings as a forge does', () => {
  const text =
    '# What `send()` does, and *why*\n## Same\n## Same\n<a id="own"></a>\n```\n# no\n```';
  expect([...anchorsOf(page(text))]).toEqual(['what-send-does-and-why', 'same', 'same-1', 'own']);
});
