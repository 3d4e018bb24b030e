import { headerNames } from '@busbar/core';
import { expect, test } from 'vitest';
import { readPage } from '../docs/pages.ts';
import { plain, rowsOf } from '../docs/tables.ts';

test('should list on the page of headers every header and no other', () => {
  const listed = rowsOf(readPage('docs/headers.md').lines).map(([name = '']) => plain(name));
  expect(listed.toSorted()).toEqual(Object.values(headerNames).toSorted());
});
