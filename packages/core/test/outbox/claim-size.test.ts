import { describe, expect, test } from 'vitest';
import { ClaimSize } from '../../src/outbox/claim-size.ts';
import type { OutboxRecord } from '../../src/persistence/outbox-store.ts';

const records = (count: number, bytes: number): OutboxRecord[] =>
  Array.from({ length: count }, (_, index) => ({
    record: String(index),
    operations: [
      {
        message: { headers: {}, body: new Uint8Array(bytes) },
        destination: { kind: 'queue', queue: 'shipping' },
      },
    ],
  }));

describe('the size of a claim', () => {
  test('should grow up to a hundred while records are small', () => {
    const size = new ClaimSize();
    const limits = [size.limit];
    for (let n = 0; n < 5; n += 1) {
      size.take(records(size.limit, 300))();
      limits.push(size.limit);
    }
    expect(limits).toEqual([10, 20, 40, 80, 100, 100]);
    expect(size.isFull).toBe(false);
  });

  test('should shrink to what fits while they are large, and be full until they are sent', () => {
    const size = new ClaimSize();
    const sent = size.take(records(10, 8 * 1_024 * 1_024));
    expect(size.limit).toBe(1);
    expect(size.isFull).toBe(true);
    sent();
    expect(size.isFull).toBe(false);
    size.take(records(1, 100))();
    expect(size.limit).toBe(2);
  });
});
