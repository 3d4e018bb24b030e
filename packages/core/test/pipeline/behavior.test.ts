import { describe, expect, test } from 'vitest';
import { type AnyBehavior, behavior, compose } from '../../src/pipeline/behavior.ts';
import type { OutgoingBatch } from '../../src/pipeline/stages.ts';

const batch = (): OutgoingBatch => ({ operations: [] });

function tracing(trace: string[], name: string): AnyBehavior {
  return behavior('dispatch', name, async (_context, next) => {
    trace.push(`${name} before`);
    await next();
    trace.push(`${name} after`);
  });
}

describe('compose', () => {
  test('should nest the behaviours of its stage in their order and leave the others out', async () => {
    const trace: string[] = [];
    const others = behavior('handlers', 'other stage', () => Promise.reject(new Error('not mine')));
    const step = compose(
      'dispatch',
      [tracing(trace, 'a'), others, tracing(trace, 'b')],
      async () => {
        trace.push('work');
      },
    );
    await step(batch());
    expect(trace).toEqual(['a before', 'b before', 'work', 'b after', 'a after']);
  });

  test('should be the work itself where no behaviour is registered', () => {
    const work = (): Promise<void> => Promise.resolve();
    expect(compose('dispatch', [], work)).toBe(work);
  });

  test('should refuse a second next of the same behaviour', async () => {
    const twice = behavior('dispatch', 'twice', async (_context, next) => {
      await next();
      await next();
    });
    const step = compose('dispatch', [twice], () => Promise.resolve());
    await expect(step(batch())).rejects.toThrow(
      'The behaviour "twice" called next() twice. Call next() once',
    );
  });

  test('should not mix up two messages that pass at the same time', async () => {
    const gate = Promise.withResolvers<void>();
    const waiting = behavior('dispatch', 'waiting', async (_context, next) => {
      await gate.promise;
      await next();
    });
    const seen: OutgoingBatch[] = [];
    const step = compose('dispatch', [waiting], async (context: OutgoingBatch) => {
      seen.push(context);
    });
    const [first, second] = [batch(), batch()];
    const both = Promise.all([step(first), step(second)]);
    gate.resolve();
    await both;
    expect(seen).toEqual([first, second]);
  });
});
