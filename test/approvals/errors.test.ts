import { errorCatalogue } from '@busbar/core';
import { expect, test } from 'vitest';
import { readPage } from '../docs/pages.ts';
import { filesBelow, readText } from './files.ts';

const codes = Object.keys(errorCatalogue);

test('should list on the page of errors the same codes with the same help, in the same order', () => {
  expect(entriesOf(readPage('docs/errors.md').lines)).toEqual(Object.entries(errorCatalogue));
});

test('should throw every code somewhere', () => {
  const sources = textOf(filesBelow('packages', /^[^/]+\/src\/.*\.ts$/));
  expect(codes.filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
});

test('should test every code somewhere', () => {
  const tests = textOf([
    ...filesBelow('packages', /^[^/]+\/test\/.*\.ts$/),
    ...filesBelow('packages', /^conformance\/src\/.*\.ts$/),
    ...filesBelow('test', /^(?!approvals\/).*\.ts$/),
  ]);
  const untested = codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(tests));
  expect(untested).toEqual([]);
});

/** Each heading that is a code, with the quotation below it. */
function entriesOf(lines: readonly string[]): readonly (readonly [string, string])[] {
  return lines.flatMap((line, index) => {
    const code = /^### `([A-Z_]+)`$/.exec(line)?.[1];
    if (code === undefined) return [];
    return [[code, (lines[index + 2] ?? '').replace(/^> /, '')] as const];
  });
}

function textOf(files: readonly string[]): string {
  return files.map((file) => readText(file)).join('\n');
}
