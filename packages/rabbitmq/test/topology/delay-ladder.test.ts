import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { delayTarget, ladderParts } from '../../src/topology/delay-ladder.ts';
import { matches } from './support/topic-pattern.ts';

const prefix = 'busbar.delay';
const parts = ladderParts(prefix);
const queues = new Map(
  parts
    .flatMap(({ queue }) => (queue === undefined ? [] : [queue]))
    .map((queue) => [queue.name, queue]),
);
const bindings = parts.flatMap((part) => part.bindings);

/** The seconds that a message waits, by what the broker does with the bindings, until it leaves the ladder. */
function waitOf(seconds: number, word: string): { waited: number; left: string[] } {
  let { exchange } = delayTarget(prefix, word, seconds);
  const { routingKey } = delayTarget(prefix, word, seconds);
  let waited = 0;
  while (exchange !== 'busbar.delay.delivery') {
    const [next, ...others] = bindings.filter(
      ({ from, key }) => from === exchange && matches(key, routingKey),
    );
    expect(others).toEqual([]);
    expect(next).toBeDefined();
    if (next?.kind === 'queue') {
      const { arguments: all } = queues.get(next.to)!;
      waited += Number(all['x-message-ttl']) / 1_000;
      exchange = String(all['x-dead-letter-exchange']);
    } else {
      exchange = next!.to;
    }
  }
  const left = bindings.filter(({ from, key }) => from === exchange && matches(key, routingKey));
  return { waited, left: left.map(({ to }) => to) };
}

describe('the delay ladder', () => {
  test('should hold a message exactly as long as asked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 28 - 1 }), (seconds) => {
        expect(waitOf(seconds, 'queue.sales')).toEqual({ waited: seconds, left: [] });
      }),
    );
    for (const seconds of [1, 2, 3, 2 ** 27, 2 ** 28 - 1]) {
      expect(waitOf(seconds, 'queue.sales').waited).toBe(seconds);
    }
  });

  test('should give the sink a copy of each event, so that it reaches a queue in any case', () => {
    expect(waitOf(5, 'topic.Sales%2EOrderPlaced').left).toEqual(['busbar.delay.sink']);
  });

  test('should publish to the highest level that it waits in', () => {
    expect(delayTarget(prefix, 'queue.sales', 1).exchange).toBe('busbar.delay.00');
    expect(delayTarget(prefix, 'queue.sales', 5)).toEqual({
      exchange: 'busbar.delay.02',
      routingKey: `${'0.'.repeat(25)}1.0.1.queue.sales`,
    });
    expect(delayTarget(prefix, 'queue.sales', 2 ** 28 - 1).exchange).toBe('busbar.delay.27');
  });

  test('should lead nowhere that is not made before', () => {
    const made = new Set(['busbar.undeliverable']);
    for (const { exchange, queue, bindings: own } of parts) {
      const next = queue?.arguments['x-dead-letter-exchange'];
      if (next !== undefined) expect(made).toContain(next);
      for (const each of [exchange?.name, queue?.name]) if (each !== undefined) made.add(each);
      for (const { from, to } of own) {
        expect(made).toContain(from);
        expect(made).toContain(to);
      }
    }
  });
});
