import { Buffer } from 'node:buffer';
import { BusbarError } from '@busbar/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  checkQueueName,
  checkTopicName,
  delayLevelName,
  endpointExchange,
  queueWord,
  topicWord,
} from '../../src/topology/names.ts';
import { delayTarget } from '../../src/topology/delay-ladder.ts';
import { matches } from './support/topic-pattern.ts';

const prefix = 'busbar.delay';

/** Names that have something to do with each other, and any others. */
const names = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.string({ unit: fc.constantFrom('a', '.', '*', '#', '%', '~', '2', 'E', 'ä'), minLength: 1 }),
  fc.string({ unit: fc.constantFrom('x', '.'), minLength: 190, maxLength: 255 }),
);

describe('the words of destinations', () => {
  test('should differ when the names do', () => {
    fc.assert(
      fc.property(names, names, (one, other) => {
        const same = one === other;
        expect(queueWord(one) === queueWord(other)).toBe(same);
        expect(topicWord(one) === topicWord(other)).toBe(same);
        expect(queueWord(one)).not.toBe(topicWord(other));
      }),
    );
  });

  test('should match their own binding and no other', () => {
    fc.assert(
      fc.property(names, names, fc.integer({ min: 1, max: 2 ** 28 - 1 }), (one, other, seconds) => {
        const { routingKey } = delayTarget(prefix, queueWord(one), seconds);
        expect(matches(`#.${queueWord(other)}`, routingKey)).toBe(one === other);
        expect(matches(`#.${topicWord(other)}`, routingKey)).toBe(false);
        expect(matches('#.topic.*', routingKey)).toBe(false);
        expect(matches('#.topic.*', delayTarget(prefix, topicWord(one), seconds).routingKey)).toBe(
          true,
        );
      }),
    );
  });

  test('should make routing keys that AMQP takes', () => {
    fc.assert(
      fc.property(names, (name) => {
        const { routingKey } = delayTarget(prefix, queueWord(name), 2 ** 28 - 1);
        expect(Buffer.byteLength(routingKey)).toBeLessThanOrEqual(255);
      }),
    );
  });

  test('should stay readable', () => {
    expect(queueWord('sales')).toBe('queue.sales');
    expect(queueWord('sales.eu')).toBe('queue.sales%2Eeu');
    expect(topicWord('Sales.Größe')).toBe('topic.Sales%2EGr%C3%B6%C3%9Fe');
    expect(queueWord('x'.repeat(200))).toMatch(/^queue\.~[0-9a-f]{64}$/);
  });
});

describe('names', () => {
  test('should be refused when the broker has no such queue', () => {
    const bad = ['', 'amq.orders', 'a\nb', 'x'.repeat(256), 'ä'.repeat(128), 'busbar.delay.07'];
    for (const name of bad) {
      expect(() => checkQueueName(name, prefix)).toThrow(/INVALID_CONFIGURATION/);
    }
    for (const name of ['AMQ.orders', 'x'.repeat(255), 'busbar.delay.077', 'a b', '*.#']) {
      checkQueueName(name, prefix);
    }
  });

  test('should be refused when they would be exchanges of the transport', () => {
    const bad = ['', 'amq.topic', 'busbar.events.sales', 'busbar.delay.delivery'];
    for (const name of [...bad, 'busbar.undeliverable', 'x'.repeat(256)]) {
      expect(() => checkTopicName(name, prefix)).toThrow(/INVALID_CONFIGURATION/);
    }
    for (const name of ['Sales.OrderPlaced', 'busbar.eventsource', 'x'.repeat(255)]) {
      checkTopicName(name, prefix);
    }
  });

  test('should say what is wrong and where to mend it', () => {
    const check = (): void => checkQueueName('ä'.repeat(128), prefix);
    expect(check).toThrow(BusbarError);
    expect(check).toThrow(/256 bytes, more than 255\. Rename the endpoint, the `errorQueue`/);
    expect(() => checkTopicName('amq.topic', prefix)).toThrow(/"amq\." are the broker's own/);
  });

  test('should give every queue an exchange that no topic has', () => {
    expect(endpointExchange('sales')).toBe('busbar.events.sales');
    fc.assert(
      fc.property(names, (queue) => {
        const exchange = endpointExchange(queue);
        expect(Buffer.byteLength(exchange)).toBeLessThanOrEqual(255);
        expect(() => checkTopicName(exchange, prefix)).toThrow(/INVALID_CONFIGURATION/);
      }),
    );
  });

  test('should number the levels', () => {
    expect([0, 9, 27].map((level) => delayLevelName(prefix, level))).toEqual([
      'busbar.delay.00',
      'busbar.delay.09',
      'busbar.delay.27',
    ]);
  });
});
