import { describe, expect, test } from 'vitest';
import { queueDeclaration } from '../../src/topology/queue-declaration.ts';

describe('the declaration of a queue', () => {
  test('should name its type and nothing else', () => {
    for (const queueType of ['quorum', 'classic'] as const) {
      expect(queueDeclaration({ name: 'sales' }, { queueType })).toEqual({
        name: 'sales',
        arguments: { 'x-queue-type': queueType },
      });
    }
  });

  test('should keep order with one active consumer, and put back in front what comes back', () => {
    for (const queueType of ['quorum', 'classic'] as const) {
      const declaration = queueDeclaration({ name: 'lanes', ordered: true }, { queueType });
      expect(declaration.arguments).toEqual({
        'x-queue-type': 'quorum',
        'x-single-active-consumer': true,
        'x-delivery-limit': 100_000,
      });
    }
  });

  test('should be classic when it expires', () => {
    const replies = { name: 'replies', expiresUnusedMs: 1_000 };
    expect(queueDeclaration(replies, { queueType: 'quorum' }).arguments).toEqual({
      'x-queue-type': 'classic',
      'x-expires': 1_000,
    });
    const ordered = { ...replies, ordered: true };
    expect(queueDeclaration(ordered, { queueType: 'quorum' }).arguments).toMatchObject({
      'x-queue-type': 'quorum',
      'x-expires': 1_000,
    });
  });
});
