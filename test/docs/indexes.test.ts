import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readPage, root } from './pages.ts';
import { rowsOf } from './tables.ts';

function filesIn(folder: string): readonly string[] {
  const files = readdirSync(path.join(root, folder)).filter((file) => file.endsWith('.md'));
  return files.filter((file) => file !== 'README.md').sort();
}

test('should list every decision with its title', () => {
  const titles = filesIn('docs/decisions').map((file) => {
    const [heading = ''] = readPage(`docs/decisions/${file}`).lines;
    const [, number = '', title = ''] = /^# (\d{4}) (.+)$/.exec(heading) ?? [];
    return [`[${number}](${file})`, title];
  });
  expect(rowsOf(readPage('docs/decisions/README.md').lines)).toEqual(titles);
});

test('should list every page of the guide', () => {
  const text = readPage('docs/README.md').lines.join('\n');
  const unlisted = filesIn('docs/guide').filter((file) => !text.includes(`(guide/${file})`));
  expect(unlisted).toEqual([]);
});
