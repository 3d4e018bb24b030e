import { describe, expect, test } from 'vitest';
import {
  aboveOf,
  copyRule,
  everything,
  narrowedAt,
  topicTag,
} from '../../src/topology/copy-rules.ts';

/** As the service judges a rule of this form. */
function passes(filter: string, above: string | undefined): boolean {
  if (filter === everything || above === undefined) return true;
  return [...filter.matchAll(/NOT LIKE '%(\w+)%'/g)].every(([, tag]) => !above.includes(tag ?? ''));
}

describe('the rules of subscriptions', () => {
  test('should let all pass where the queue has one topic', () => {
    expect(copyRule([])).toEqual({ filter: everything, leftOut: [] });
  });

  test('should take one copy of an event, whichever topics of its chain the queue has', () => {
    const chain = ['Derived', 'Middle', 'Base'];
    for (let choice = 1; choice < 8; choice += 1) {
      const subscribed = chain.filter((_, index) => (choice & (1 << index)) !== 0);
      const unrelated = ['Other.One', 'Other.Two'];
      const copies = chain.filter((topic, index) => {
        if (!subscribed.includes(topic)) return false;
        const others = [...subscribed, ...unrelated].filter((each) => each !== topic);
        return passes(copyRule(others).filter, aboveOf(chain.slice(0, index)));
      });
      expect(copies).toEqual(subscribed.slice(0, 1));
    }
  });

  test('should fit into what the service takes, and say what had no room', () => {
    const topics = Array.from({ length: 100 }, (_, index) => `Shop.Something.Event${index}`);
    const { filter, leftOut } = copyRule(topics);
    expect(filter.length).toBeLessThanOrEqual(1_024);
    expect(leftOut.length).toBeGreaterThan(0);
    expect(leftOut).toEqual(topics.slice(topics.length - leftOut.length));
    expect(filter.split('NOT LIKE')).toHaveLength(topics.length - leftOut.length + 1);
    expect(topics.length - leftOut.length).toBeGreaterThanOrEqual(30);
  });

  test('should stand for a topic with seven letters and digits', () => {
    expect(topicTag('Sales.OrderPlaced')).toMatch(/^[0-9a-z]{7}$/);
    expect(topicTag('Sales.OrderPlaced')).toBe(topicTag('sales.orderplaced'));
    expect(topicTag('Sales.OrderPlaced')).not.toBe(topicTag('Sales.OrderBilled'));
    expect(aboveOf([])).toBeUndefined();
    expect(aboveOf(['A', 'B'])).toBe(`${topicTag('A')}.${topicTag('B')}`);
  });

  test('should leave events to others only from when it was narrowed', () => {
    const now = 1_700_000_000_000;
    expect(narrowedAt(undefined, [], now)).toBeUndefined();
    expect(narrowedAt(everything, ['A'], now)).toBe(now + 1);
    const narrowed = copyRule(['A', 'B'], now).filter;
    expect(narrowed).toContain(`bb_at < ${now} OR (`);
    expect(narrowedAt(narrowed, ['B', 'A'], now + 50)).toBe(now);
    expect(narrowedAt(narrowed, ['A'], now + 50)).toBe(now);
    expect(narrowedAt(narrowed, ['A', 'C'], now + 50)).toBe(now + 51);
    expect(narrowedAt(copyRule(['A']).filter, ['A'], now)).toBeUndefined();
  });
});
