import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DueHeap } from '../../../src/transport/memory/due-heap.ts';

test('a heap of due items should give the earliest first, and equals in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (moments) => {
      const heap = new DueHeap<{ dueAt: number; sequence: number }>();
      const items = moments.map((dueAt, sequence) => ({ dueAt, sequence }));
      for (const item of items) heap.push(item);
      const expected = items.toSorted((a, b) => a.dueAt - b.dueAt || a.sequence - b.sequence);
      expect(heap.first).toBe(expected[0]);
      const popped = items.map(() => heap.pop());
      expect(popped).toEqual(expected);
      expect(heap.pop()).toBeUndefined();
      expect(heap.size).toBe(0);
    }),
  );
});
