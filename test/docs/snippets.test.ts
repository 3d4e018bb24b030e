import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { pages, root } from './pages.ts';
import { readRegion } from './regions.ts';
import { snippetsOf } from './snippets.ts';

const snippets = pages().flatMap((page) => snippetsOf(page));
const compiled = snippets.filter(({ language, from }) => language === 'ts' && from === undefined);
const repeated = snippets.filter(({ from }) => from !== undefined);

describe('the snippets of the documentation', () => {
  let complaints: string[] = [];

  beforeAll(async () => {
    complaints = compiled.length === 0 ? [] : await compile();
  }, 120_000);

  test.each([...new Set(compiled.map(({ page }) => page))])('should compile on %s', (page) => {
    const own = complaints.filter((line) => line.startsWith(`${page}:`));
    expect(own.join('\n')).toBe('');
  });

  test('should compile without complaints about anything else', () => {
    const own = compiled.map(({ page }) => `${page}:`);
    const others = complaints.filter((line) => !own.some((page) => line.startsWith(page)));
    expect(others.join('\n')).toBe('');
  });

  test.each(repeated.map((snippet) => [`${snippet.page}:${snippet.line}`, snippet] as const))(
    'should equal the file that %s names',
    (_, { code, from = '' }) => {
      expect(code).toEqual(readRegion(from));
    },
  );
});

/** Compiles all in one go. @returns what the compiler says, at the lines of the pages. */
async function compile(): Promise<string[]> {
  const folder = path.join(root, '.busbar/snippets');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });

  const places = new Map<string, string>();
  for (const { page, line, source } of compiled) {
    const name = `${page.replaceAll(/[/.]/g, '-')}-${line}.ts`;
    places.set(name, page);
    // Every snippet is a module of its own, also one that imports nothing.
    writeFileSync(path.join(folder, name), `${source}\nexport {};\n`);
  }
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));

  const tsc = path.join(root, 'node_modules/.bin/tsc');
  const output = await new Promise<string>((resolve) => {
    execFile(tsc, ['-p', folder, '--pretty', 'false'], { cwd: folder }, (_, stdout, stderr) => {
      resolve(`${stdout}${stderr}`);
    });
  });
  return output
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith(' '))
    .map((line) => {
      const match = /^([^(]+)\((\d+),\d+\): (.*)$/.exec(line);
      const page = places.get(match?.[1] ?? '');
      return page === undefined ? line : `${page}:${match?.[2]}: ${match?.[3]}`;
    });
}

const tsconfig = {
  extends: '../../tsconfig.base.json',
  compilerOptions: {
    composite: false,
    noEmit: true,
    experimentalDecorators: true,
    // A snippet may declare what the text then speaks of.
    noUnusedLocals: false,
    noUnusedParameters: false,
  },
  include: ['*.ts'],
};
