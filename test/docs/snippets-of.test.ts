import { expect, test } from 'vitest';
import { snippetsOf } from './snippets.ts';

const markdown = `# A page

<!-- given
import { readFileSync } from 'node:fs';
-->

\`\`\`ts
const text = readFileSync('x', 'utf8');
\`\`\`

<!-- continues -->

\`\`\`ts
console.log(text);
\`\`\`

<!-- from examples/01-hello/main.ts#start -->

  \`\`\`ts
  start();
  \`\`\`

\`\`\`sh
npm test
\`\`\`
`;
const lines = markdown.split('\n');
const found = snippetsOf({ path: 'page.md', lines });

test('should find every block with its language and line', () => {
  expect(found.map(({ language, line }) => [language, line])).toEqual([
    ['ts', 7],
    ['ts', 13],
    ['ts', 19],
    ['sh', 23],
  ]);
});

test('should keep the code at the lines of the page', () => {
  const [first] = found;
  const kept = first?.source.split('\n') ?? [];
  expect(kept[3]).toBe("import { readFileSync } from 'node:fs';");
  expect(kept[7]).toBe(lines[7]);
  expect(kept.filter((line) => line !== '')).toHaveLength(2);
});

test('should put before a continued block what it continues', () => {
  expect(found[1]?.source).toMatch(/^import[^]*readFileSync\('x'[^]*console\.log/m);
});

test('should name the file that a block repeats and take off its indentation', () => {
  expect(found[2]).toMatchObject({ from: 'examples/01-hello/main.ts#start', code: ['start();'] });
});

test('should say where a block was never closed', () => {
  expect(() => snippetsOf({ path: 'page.md', lines: ['', '```ts'] })).toThrow('page.md:2');
});
