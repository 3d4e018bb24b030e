import { expect, test } from 'vitest';
import { inParallel } from '../../src/topology/in-parallel.ts';

test('should give the results in the order of the items', async () => {
  const results = await inParallel([3, 1, 2], async (each) => each * 2);
  expect(results).toEqual([6, 2, 4]);
});

test('should fail when all that were begun have ended, and begin no more', async () => {
  const first = Promise.withResolvers<void>();
  const ended: number[] = [];
  const items = Array.from({ length: 20 }, (_, index) => index);
  const all = inParallel(items, async (each) => {
    if (each === 1) throw new Error('refused');
    await first.promise;
    ended.push(each);
  });
  setImmediate(() => first.resolve());
  await expect(all).rejects.toThrow('refused');
  expect(ended).toEqual([0, 2, 3, 4, 5, 6, 7]);
});
