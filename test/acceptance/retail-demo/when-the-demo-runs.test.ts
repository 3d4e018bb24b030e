import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildExamples } from '../../support/build-examples.ts';
import { sagaDiagram } from '@busbar/core';
import { ShippingSaga } from '../../../examples/03-retail/src/shipping/shipping-saga.ts';
import { Demo, example, tableIn } from './demo.ts';

const read = (name: string): string => readFileSync(path.join(example, name), 'utf8');

beforeAll(buildExamples, 120_000);

test('the demo should tell what happened to every order that comes with it, in less than 30 seconds', async () => {
  await using demo = new Demo();
  const { code, stdout, stderr } = await demo.ended;
  expect(stderr).toBe('');
  expect(tableIn(stdout)).toBe(read('expected-output.txt'));
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d+ of 240 orders placed, \d+ billed, \d+ shipped/m);
}, 30_000);

test('the expected output should have a row for every order, in the order of the file', () => {
  const orders = read('orders.jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { readonly orderId: string }).orderId);
  const rows = read('expected-output.txt').match(/^R-\d+/gm);
  expect(rows).toEqual(orders);
});

test('the page of the demo should show lines of the expected output', () => {
  const output = new Set(read('expected-output.txt').split('\n'));
  const [, shown = ''] = /```text\n(order  [^]*?)```/.exec(read('README.md')) ?? [];
  const lines = shown.trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(10);
  expect(lines.filter((line) => line !== '…' && !output.has(line))).toEqual([]);
});

test('the page of the demo should show the saga as it is', () => {
  const [, shown] = /```mermaid\n([^]*?)```/.exec(read('README.md')) ?? [];
  expect(shown).toBe(sagaDiagram(ShippingSaga));
});
