import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { Outstanding } from '../../src/publishing/outstanding.ts';
import { Slot } from '../../src/publishing/slot.ts';

function slot(name: string): Slot {
  const content = Buffer.from(name);
  return new Slot({ exchange: '', routingKey: name, content, options: {} }, 0, () => {});
}

const names = (slots: readonly Slot[]): string[] =>
  slots.map(({ publication }) => publication.routingKey);

describe('what is outstanding', () => {
  const [a, b, c, d] = [slot('a'), slot('b'), slot('c'), slot('d')];
  const outstanding = new Outstanding();

  test('should be kept in order, once, whatever leaves', () => {
    for (const each of [a, b, c, d, a]) outstanding.add(each);
    expect(outstanding.size).toBe(4);
    expect(outstanding.delete(b)).toBe(true);
    expect(outstanding.delete(b)).toBe(false);
    expect(outstanding.delete(d)).toBe(true);
    expect(outstanding.delete(a)).toBe(true);
    outstanding.add(a);
    expect(names(outstanding.all())).toEqual(['c', 'a']);
    expect(outstanding.find(({ bytes }) => bytes === 1)).toBe(c);
    expect(outstanding.find(({ bytes }) => bytes === 2)).toBeUndefined();
  });

  test('should be empty when all are taken, and take more', () => {
    expect(names(outstanding.takeAll())).toEqual(['c', 'a']);
    expect(outstanding.size).toBe(0);
    expect(outstanding.all()).toEqual([]);
    outstanding.add(b);
    expect(names(outstanding.all())).toEqual(['b']);
  });
});
