import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PlaceOrder, inserted, sales } from './readme-example.ts';

const read = (file: string): Promise<string> => readFile(join(import.meta.dirname, file), 'utf8');

test('should show only code that was compiled and run', async () => {
  const example = await read('readme-example.ts');
  const blocks = [...(await read('../README.md')).matchAll(/```ts\n([^]*?)```/g)];
  expect(blocks).toHaveLength(3);
  for (const [, code] of blocks) expect(example).toContain(code);
});

test('should do what it says', async () => {
  await sales.start();
  try {
    await sales.sendLocal(new PlaceOrder({ orderId: 'A-1' }));
    expect(await inserted.promise).toBe('A-1');
  } finally {
    await sales.stop();
  }
});
