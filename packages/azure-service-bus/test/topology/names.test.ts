import { describe, expect, test } from 'vitest';
import {
  checkQueueName,
  deadLetterName,
  placeOf,
  subscriptionName,
  topicEntity,
  transferDeadLetterName,
} from '../../src/topology/names.ts';

describe('names', () => {
  test.each(['sales', 'a', 'sales.replies.host-1', 'shop/sales_2', 'x'.repeat(260)])(
    'should be those of queues: %s',
    (queue) => {
      expect(() => checkQueueName(queue)).not.toThrow();
    },
  );

  test.each([
    '',
    '.sales',
    'sales/',
    'sa les',
    'sälës',
    'a//b',
    'a/.b',
    'Topic.Sales',
    '$dlq',
    'x'.repeat(261),
  ])('should be refused for queues: %s', (queue) => {
    expect(() => checkQueueName(queue)).toThrow(/INVALID_CONFIGURATION/);
  });

  test('should stay as they are for topics and subscriptions where the service takes them', () => {
    expect(topicEntity('Sales.OrderPlaced')).toBe('topic.Sales.OrderPlaced');
    expect(subscriptionName('q'.repeat(50))).toBe('q'.repeat(50));
  });

  test('should be cut to 50 characters for subscriptions, and kept apart', () => {
    const one = `${'sales.'.repeat(20)}one`;
    const two = `${'sales.'.repeat(20)}two`;
    expect(subscriptionName(one)).toHaveLength(50);
    expect(subscriptionName(one)).not.toBe(subscriptionName(two));
    expect(subscriptionName(one)).toMatch(/^sales\.sales\.[\w.-]+-[0-9a-f]{12}$/);
    expect(subscriptionName(one.toUpperCase())).toMatch(
      new RegExp(`-${subscriptionName(one).slice(-12)}$`),
    );
  });

  test.each(['a+b', 'häß', '/a', 'a/', '.', '名前', 'x'.repeat(300)])(
    'should become legal for topics and stay apart: %s',
    (topic) => {
      const entity = topicEntity(topic);
      expect(entity).toMatch(/^[a-z0-9][\w.-]*[a-z0-9]$/i);
      expect(entity.length).toBeLessThanOrEqual(260);
      expect(entity).not.toBe(topicEntity(`${topic}+`));
    },
  );

  test('should lose the slashes of a queue in its subscriptions', () => {
    expect(subscriptionName('shop/sales')).toMatch(/^shop-sales-[0-9a-f]{12}$/);
  });

  test('should be read where dead letters are', () => {
    expect(placeOf('sales')).toEqual({ queue: 'sales', sub: undefined });
    expect(placeOf(deadLetterName('shop/sales'))).toEqual({
      queue: 'shop/sales',
      sub: 'deadLetter',
    });
    expect(placeOf(transferDeadLetterName('Sales.Placed/Subscriptions/billing'))).toEqual({
      topic: 'Sales.Placed',
      subscription: 'billing',
      sub: 'transferDeadLetter',
    });
  });
});
