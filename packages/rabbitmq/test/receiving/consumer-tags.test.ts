import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { consumerTags } from '../../src/receiving/consumer-tags.ts';

test('a consumer tag should tell who consumes, and sort by age', () => {
  const next = consumerTags('orders', 'instance-1');
  const tags = Array.from({ length: 120 }, next);
  expect(tags[0]).toBe('orders instance-1 000001');
  expect(tags.toSorted()).toEqual(tags);
});

test.for(['q'.repeat(255), 'ü'.repeat(127), '\u{1F600}'.repeat(60)])(
  'a consumer tag should fit into its 255 bytes, whatever the queue is called',
  (queue) => {
    const next = consumerTags(queue, 'instance');
    for (const tag of [next(), next()]) {
      expect(Buffer.byteLength(tag)).toBeLessThanOrEqual(255);
      expect(tag).not.toContain('\uFFFD');
      expect(tag).toMatch(/ 00000[12]$/);
    }
  },
);
