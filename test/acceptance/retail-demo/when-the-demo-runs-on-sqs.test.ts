import { readFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { buildExamples } from '../../support/build-examples.ts';
import { Demo, example, tableIn } from './demo.ts';

const expected = readFileSync(path.join(example, 'expected-output.txt'), 'utf8');

beforeAll(buildExamples, 120_000);

test('the demo should print the same table on SQS, with an emulator that it starts itself', async () => {
  await using demo = new Demo(['--broker', 'sqs']);
  const { code, stdout, stderr } = await demo.ended;
  expect(stderr).toMatch(
    /^An emulator of Amazon SQS and SNS was started, at http:\/\/127\.0\.0\.1:\d+\.\n$/,
  );
  expect(tableIn(stdout)).toBe(expected);
  expect(code).toBe(0);
}, 90_000);
