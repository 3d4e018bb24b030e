import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { buildExamples, root } from '../../support/build-examples.ts';

beforeAll(buildExamples, 120_000);

test('the first example should print what the README says, and end by itself', async () => {
  const program = path.join(root, 'examples/01-hello/dist/main.js');
  const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 15_000 });
  expect(stdout).toBe('sales: order A-1 over 42 placed\nshipping: order A-1 shipped\n');
});
